# SPDX-License-Identifier: MIT
#
# How the ladder is built: guests/NN-name.asm becomes $(B)/guests/NN-name.elf, an ELF32 program at physical 1 MiB.
#
# Included by the top Makefile. Each rung is one source file with guests/guest.inc; the ABI's numbers come from abi/lguest.h.

LADDER := $(patsubst guests/%.asm,$(B)/guests/%.elf,$(sort $(wildcard guests/*.asm)))

$(B)/guests/lguest.inc: guests/offsets.c
	$(offsets)

$(B)/guests/%.o: guests/%.asm guests/guest.inc $(B)/guests/lguest.inc
	@mkdir -p $(@D)
	$(NASM) $(NASMFLAGS) $< -o $@

$(B)/guests/%.elf: $(B)/guests/%.o guests/guest.ld
	$(LD) -m elf_i386 -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings -T guests/guest.ld -o $@ $<

all: $(LADDER)
.PHONY: guests
guests: $(LADDER)
.SECONDARY: $(LADDER:.elf=.o)

-include $(B)/guests/lguest.inc.d
