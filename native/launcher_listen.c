/* The daemon's listening socket, made by the launcher so that nobody finds the address before it accepts. */
#include "launcher.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
check_socket_length(const char *socket_path)
{
	size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	if (strlen(socket_path) <= most)
		return 0;
	return failed("socket path %s has %zu bytes, the limit is %zu: choose a shorter socket_dir", socket_path,
		strlen(socket_path), most);
}

/* Removes a socket that nobody serves; one that is not there is no failure. */
int
remove_socket(const char *socket_path)
{
	struct stat status;
	if (lstat(socket_path, &status) != 0)
		return errno == ENOENT ? 0 : failed("cannot look at %s: %s", socket_path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return failed("%s is in the way: it is not a socket", socket_path);
	if (unlink(socket_path) != 0 && errno != ENOENT)
		return failed("cannot remove %s: %s", socket_path, strerror(errno));
	return 0;
}

/* Replaces what stale socket there is. Returns the listening descriptor. */
int
listen_on(const char *socket_path)
{
	char *directory = text("%s", socket_path);
	*strrchr(directory, '/') = '\0';
	bool exists;
	if (make_directories(directory) != 0 || check_private(directory, &exists) != 0 ||
	    remove_socket(socket_path) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed("cannot make a socket: %s", strerror(errno));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	/* The mode must be right from the first moment on, so it comes from the umask and not from a chmod after it. */
	mode_t mask = umask(0177);
	int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
	int error = errno;
	(void)umask(mask);
	if (bound != 0) {
		(void)close(fd); /* unbound: nothing to lose */
		return failed("cannot bind %s: %s", socket_path, strerror(error));
	}
	/* The kernel lowers this to what it allows. */
	if (listen(fd, INT_MAX) != 0) {
		(void)failed("cannot listen on %s: %s", socket_path, strerror(errno));
		(void)close(fd);
		(void)unlink(socket_path); /* the failure to listen is the one to report */
		return -1;
	}
	return fd;
}
