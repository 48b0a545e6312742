/* Runs its arguments with a terminal, on which nobody types, as standard input; ends with their exit status. */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int count, char *words[])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	if (count < 2 || master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return 100;
	int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (terminal < 0)
		return 100;
	pid_t pid = fork();
	if (pid == 0) {
		if (dup2(terminal, STDIN_FILENO) == 0)
			execv(words[1], words + 1);
		_exit(100);
	}
	int status;
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ? 100 : WEXITSTATUS(status);
}
