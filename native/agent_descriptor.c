#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Room for one descriptor, aligned as a control message must be. */
union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

long descriptor_send(int socket, int descriptor, const struct handover *handover) {
	union control control;
	struct iovec data = {(void *)(uintptr_t)handover, sizeof *handover};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	memset(&control, 0, sizeof control);
	control.header.cmsg_len = CMSG_LEN(sizeof descriptor);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
	long sent;
	do {
		sent = call3(SYS_sendmsg, socket, address_of(&message), MSG_NOSIGNAL);
	} while (sent == -EINTR);
	return sent < 0 ? sent : 0;
}

int descriptor_receive(int socket, struct handover *handover) {
	union control control;
	struct iovec data = {handover, sizeof *handover};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	memset(&control, 0, sizeof control);
	long got;
	do {
		got = call3(SYS_recvmsg, socket, address_of(&message), MSG_CMSG_CLOEXEC);
	} while (got == -EINTR);
	if (got != (long)sizeof *handover || control.header.cmsg_type != SCM_RIGHTS ||
		control.header.cmsg_len != CMSG_LEN(sizeof(int))) return -1;
	int descriptor;
	memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
	return descriptor;
}

int descriptor_settle(int descriptor) {
	if (descriptor > 2) {
		call3(SYS_fcntl, descriptor, F_SETFD, FD_CLOEXEC);
		return descriptor;
	}
	long moved = call3(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 3);
	if (moved < 0) die("descriptor", moved);
	system_close(descriptor);
	return (int)moved;
}
