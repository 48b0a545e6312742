/* What a process sees of the machine that it is on. */
#define _GNU_SOURCE
#include "inmate.h"
#include "system.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#if defined(__FreeBSD__)
#include <sys/param.h>
#include <sys/mount.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>
#include <net/if.h>
#include <netinet/in.h>
#else
#include <linux/if.h>
#include <linux/in.h>
#include <linux/sockios.h>
#include <linux/utsname.h>
#endif

/* For all that a kernel tells, one thing after the other. */
static _Alignas(16) char told[256 * 1024];

#if defined(__FreeBSD__)

static void show_sysctl(const char *word, int number) {
	int name[2] = {CTL_KERN, number};
	size_t length = 4096;
	memset(told, 0, length);
	long error = call6(SYS___sysctl, address_of(name), 2, address_of(told), address_of(&length), 0, 0);
	if (error < 0) put_error(word, error);
	else put_word(word, told);
}

void show_host(void) {
	show_sysctl("host", KERN_HOSTNAME);
	show_sysctl("domain", KERN_NISDOMAINNAME);
	show_sysctl("release", KERN_OSRELEASE);
}

void show_mounts(void) {
	struct statfs *mounts = (struct statfs *)told;
	long count = call3(SYS_getfsstat, address_of(mounts), sizeof told, MNT_WAIT);
	if (count < 0) put_error("mount", count);
	for (long index = 0; index < count; index++) {
		put_text("mount ");
		put_text(mounts[index].f_fstypename);
		put_text(" ");
		put_text(mounts[index].f_mntfromname);
		put_text(" ");
		put_word(mounts[index].f_mntonname, mounts[index].f_flags & MNT_RDONLY ? "ro" : "rw");
	}
}

/* Addresses have their length within them. */
static size_t size_of(const struct ifreq *request) {
	size_t address = request->ifr_addr.sa_len;
	if (address < sizeof request->ifr_addr) address = sizeof request->ifr_addr;
	return sizeof request->ifr_name + address;
}

#else

void show_host(void) {
	struct new_utsname names;
	memset(&names, 0, sizeof names);
	call1(__NR_uname, address_of(&names));
	put_word("host", names.nodename);
	put_word("domain", names.domainname);
	put_word("release", names.release);
}

/* Lines of "source target type options ...": proc_mounts(5). */
void show_mounts(void) {
	long file = system_open("/proc/self/mounts", O_RDONLY);
	size_t length = 0;
	for (long part = 1; file >= 0 && part > 0 && length < sizeof told - 1; length += part > 0 ? (size_t)part : 0) {
		part = system_read((int)file, told + length, sizeof told - 1 - length);
	}
	if (file < 0) put_error("mount", file);
	else system_close((int)file);
	told[length] = '\0';
	for (char *at = told; *at != '\0';) {
		char *words[4];
		for (size_t word = 0; word < 4; word++) {
			words[word] = at;
			while (*at != ' ' && *at != '\n' && *at != '\0') at++;
			if (*at == ' ') *at++ = '\0';
		}
		put_text("mount ");
		put_text(words[2]);
		put_text(" ");
		put_text(words[0]);
		put_text(" ");
		put_word(words[1], memcmp(words[3], "ro", 2) == 0 ? "ro" : "rw");
		while (*at != '\n' && *at != '\0') at++;
		if (*at == '\n') at++;
	}
}

static size_t size_of(const struct ifreq *request) {
	return sizeof *request;
}

#endif

static void put_address(const struct sockaddr *address) {
	const uint8_t *bytes = (const uint8_t *)address + 4;
	if (address->sa_family != AF_INET) return;
	for (size_t index = 0; index < 4; index++) {
		put_text(index == 0 ? " " : ".");
		put_number(bytes[index]);
	}
}

/* Interfaces, once for each address that they have; Linux tells only of those that have one of IPv4. */
void show_interfaces(void) {
	/* Of the local domain: a jail may have no other. */
	long descriptor = call3(SYS_socket, AF_LOCAL, SOCK_DGRAM, 0);
	struct ifconf list;
	memset(&list, 0, sizeof list);
	list.ifc_len = sizeof told;
	list.ifc_buf = told;
	memset(told, 0, sizeof told);
	long error = descriptor < 0 ? descriptor : call3(SYS_ioctl, descriptor, SIOCGIFCONF, address_of(&list));
	if (descriptor >= 0) system_close((int)descriptor);
	if (error < 0) {
		put_error("interface", error);
		return;
	}
	for (size_t at = 0; at + sizeof(struct ifreq) <= (size_t)list.ifc_len;) {
		const struct ifreq *request = (const struct ifreq *)(told + at);
		put_text("interface ");
		put_text(request->ifr_name);
		put_address(&request->ifr_addr);
		end_line();
		at += size_of(request);
	}
}
