/* Gives up what an untrusted program does not need, says on `report` what could be given up, and becomes it.
 *
 * usage: sandbox REPORT_FD CPU_SECONDS ADDRESS_BYTES FILE_BYTES PROCESSES WORK_DIR PROGRAM ARGS...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MS_REC
#define MS_REC 16384
#define MS_BIND 4096
#define MS_PRIVATE (1 << 18)
#endif

static int write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0) return -1;
  ssize_t n = write(file, text, strlen(text));
  close(file);
  return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int own_user(void) {
  char text[64];
  unsigned uid = getuid(), gid = getgid();
  if (unshare(CLONE_NEWUSER) != 0) return -1;
  write_file("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "%u %u 1", uid, uid);
  if (write_file("/proc/self/uid_map", text) != 0) return -1;
  snprintf(text, sizeof text, "%u %u 1", gid, gid);
  return write_file("/proc/self/gid_map", text);
}

#ifdef SYS_mount_setattr
static int set_read_only(const char *path, int read_only, int recursive) {
  struct mount_attr attr;
  memset(&attr, 0, sizeof attr);
  if (read_only)
    attr.attr_set = MOUNT_ATTR_RDONLY;
  else
    attr.attr_clr = MOUNT_ATTR_RDONLY;
  return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, recursive ? AT_RECURSIVE : 0, &attr, sizeof attr);
}
#else
static int set_read_only(const char *path, int read_only, int recursive) {
  (void)path, (void)read_only, (void)recursive;
  return -1;
}
#endif

static int read_only_view(const char *work) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
  if (mount(work, work, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
  if (set_read_only("/", 1, 1) != 0) return -1;
  return set_read_only(work, 0, 0);
}

static int limit(int what, const char *value) {
  struct rlimit r;
  r.rlim_cur = r.rlim_max = strtoull(value, NULL, 10);
  return r.rlim_cur == 0 ? 0 : setrlimit(what, &r);
}

int main(int argc, char **argv) {
  char report[256];
  if (argc < 8) return 125;
  const char *work = argv[6];
  int user = own_user() == 0;
  int network = unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0;
  int view = unshare(CLONE_NEWNS) == 0 && read_only_view(work) == 0;
  int time = limit(RLIMIT_CPU, argv[2]) == 0;
  int memory = limit(RLIMIT_AS, argv[3]) == 0;
  int files = limit(RLIMIT_FSIZE, argv[4]) == 0;
  int processes = limit(RLIMIT_NPROC, argv[5]) == 0;
  limit(RLIMIT_CORE, "1");
  int privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0);
  if (chdir(work) != 0) return 125;
  int n = snprintf(report, sizeof report,
                   "user=%d network=%d read_only=%d time=%d memory=%d file_size=%d processes=%d privileges=%d\n", user,
                   network, view, time, memory, files, processes, privileges);
  int fd = atoi(argv[1]);
  if (write(fd, report, (size_t)n) != n) return 125;
  close(fd);
  execv(argv[7], argv + 7);
  fprintf(stderr, "%s: %s\n", argv[7], strerror(errno));
  return 126;
}
