/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that no packet on its way can have, and headers that their
 * checksum contradicts. Who is named there did not send the packet.
 */
#ifndef MAILWALL_MARTIAN_H
#define MAILWALL_MARTIAN_H

#include "decode.h"

/* True if no host has the address. */
bool address_is_martian(const uint8_t *a, uint8_t family);

/* True if an address of the segment cannot be one of a sender or receiver. */
bool segment_is_martian(const struct segment *s);

/*
 * Returns by how much the header of n bytes, all of them captured, misses its
 * checksum; 0: it is right, or not known, since the network card was to fill
 * it in.
 */
uint16_t ipv4_sum_off(const uint8_t *header, uint32_t n);

/* By how much checksums miss since addresses were changed: a set of bits. */
struct moved {
	uint64_t word[65536 / 64];
};

/*
 * True if addresses were changed later, to publish the capture: TCP's n bytes,
 * its header at least, miss their checksum by as much as the header of IPv4,
 * since both sum up the addresses. The payload may have been changed, too, or
 * be captured in part: it is enough that a SYN of such addresses came before.
 */
bool moved_explains(struct moved *moved, const struct segment *s,
		    const uint8_t *tcp, uint32_t n, uint16_t off);

#endif
