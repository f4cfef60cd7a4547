"""Realistic errors injected into what passes produce: are they found, placed and mended?"""
