/* SPDX-License-Identifier: MIT */
/*
 * The split ring of virtio, legacy layout: shared by driver and device. Virtual I/O Device (VIRTIO) 1.0, sections 2.4 and 2.4.2.
 */
#ifndef ABI_VIRTIO_RING_H
#define ABI_VIRTIO_RING_H

#include <stdint.h>

#define VIRTQ_DESC_NEXT		1u	/* the chain goes on at `next` */
#define VIRTQ_DESC_WRITE	2u	/* the device writes, the driver reads */
#define VIRTQ_AVAIL_NO_INTERRUPT 1u	/* the driver does not want to hear about used chains */

struct virtq_desc { uint64_t addr; uint32_t len; uint16_t flags, next; };
struct virtq_used_elem { uint32_t id, len; };

_Static_assert(sizeof(struct virtq_desc) == 16 && sizeof(struct virtq_used_elem) == 8, "VIRTIO 1.0, 2.4.5 and 2.4.8");

#endif
