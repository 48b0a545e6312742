/*
 * Where the kernel counts the daemon. On Linux: the cgroup that the runtime options name (shim_cgroup), and an OOM
 * score one above containerd's, whose own the launcher has inherited. The files are worked out before the fork and
 * written by the child itself, so that not even its first page is counted elsewhere. FreeBSD has neither.
 */
#include "launcher.h"

#ifdef __linux__

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"
#define SCORE_FILE "/proc/self/oom_score_adj"
#define SCORE_MAX 1000

static int
add_write(struct place *place, const char *path, const char *word, bool may_refuse)
{
	if (place->count == PLACES_MAX)
		return failed("more than %d cgroup hierarchies", PLACES_MAX);
	place->writes[place->count].path = path;
	place->writes[place->count].word = word;
	place->writes[place->count].length = strlen(word);
	place->writes[place->count].may_refuse = may_refuse;
	place->count++;
	return 0;
}

/* A hierarchy in which the cgroup does not exist is passed over. To cgroup.procs 0 means the process that writes. */
static int
add_cgroup(struct place *place, const char *hierarchy, const char *cgroup)
{
	const char *path = text("%s%s/cgroup.procs", hierarchy, cgroup);
	if (access(path, F_OK) == 0)
		return add_write(place, path, "0", false);
	return errno == ENOENT || errno == ENOTDIR
		       ? 0
		       : failed("shim_cgroup: cannot look at %s: %s", path, strerror(errno));
}

static int
add_cgroups(struct place *place, const char *cgroup)
{
	struct statfs filesystem;
	if (statfs(CGROUPS, &filesystem) != 0)
		return failed("shim_cgroup: cannot look at " CGROUPS ": %s", strerror(errno));
	if (filesystem.f_type == CGROUP2_SUPER_MAGIC)
		return add_cgroup(place, CGROUPS, cgroup);
	DIR *hierarchies = opendir(CGROUPS);
	if (hierarchies == NULL)
		return failed("shim_cgroup: cannot read " CGROUPS ": %s", strerror(errno));
	int result = 0;
	errno = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(hierarchies)) != NULL; errno = 0) {
		/* The links are second names: cpu and cpuacct of cpu,cpuacct. */
		if (entry->d_name[0] != '.' && entry->d_type != DT_LNK)
			result = add_cgroup(place, text(CGROUPS "/%s", entry->d_name), cgroup);
	}
	if (result == 0 && errno != 0)
		result = failed("shim_cgroup: cannot read " CGROUPS ": %s", strerror(errno));
	if (closedir(hierarchies) != 0 && result == 0)
		result = failed("shim_cgroup: cannot read " CGROUPS ": %s", strerror(errno));
	return result;
}

static int
add_score(struct place *place)
{
	struct bytes content;
	if (read_file(SCORE_FILE, 64, &content) != 0)
		return errno == ENOENT ? 0 : -1; /* no /proc: nothing to set */
	const char *digits = text("%.*s", (int)content.length, (const char *)content.at);
	char *end;
	long score = strtol(digits, &end, 10);
	if (end == digits || score < -SCORE_MAX || score > SCORE_MAX)
		return failed("%s holds no score", SCORE_FILE);
	return add_write(place, SCORE_FILE, text("%ld", score < SCORE_MAX ? score + 1 : score), true);
}

int
find_place(const char *shim_cgroup, struct place *place)
{
	place->count = 0;
	if (shim_cgroup != NULL) {
		/* Joined to "/", no ".." leads out of the hierarchy. */
		const char *cgroup = join_path((const char *const[]){ "/", shim_cgroup }, 2);
		if (add_cgroups(place, cgroup) != 0)
			return -1;
		if (place->count == 0)
			return failed("shim_cgroup: there is no cgroup %s", cgroup);
	}
	return add_score(place);
}

/* In the child, between fork and exec. Returns -1 with errno. */
int
take_place(const struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		int fd = open(place->writes[i].path, O_WRONLY | O_CLOEXEC);
		bool done = fd >= 0 && write_all(fd, place->writes[i].word, place->writes[i].length) == 0;
		int error = errno;
		if (fd >= 0 && close(fd) != 0 && done) {
			done = false;
			error = errno;
		}
		/* In a user namespace not every score may be written; a daemon without it still works. */
		if (!done && !(place->writes[i].may_refuse && (error == EACCES || error == EPERM))) {
			errno = error;
			return -1;
		}
	}
	return 0;
}

#else

int
find_place(const char *shim_cgroup, struct place *place)
{
	(void)shim_cgroup;
	place->count = 0;
	return 0;
}

int
take_place(const struct place *place)
{
	(void)place;
	return 0;
}

#endif
