# SPDX-License-Identifier: MIT
#
# How the shim is built: shim/* with a few of the kernel's files that know nothing of the kernel, to $(B)/shim.elf.
#
# Included by the top Makefile. Offsets for assembly and names for reports come in the same two ways as the kernel's.

SHIM_SHARED  := kernel/printf.c kernel/string.c kernel/ksyms.c arch/x86/string.asm arch/x86/io.asm arch/x86/rtc.c boot/refuse.asm
SHIM_SOURCES := $(filter-out shim/offsets.c,$(sort $(wildcard shim/*.c shim/*.asm))) $(SHIM_SHARED)
SHIM_OBJECTS := $(SHIM_SOURCES:%=$(B)/%.o)

$(B)/shim/offsets.inc: shim/offsets.c
	$(offsets)

$(B)/shim/%.asm.o: shim/%.asm $(B)/shim/offsets.inc
	@mkdir -p $(@D)
	$(NASM) $(NASMFLAGS) -MD $@.d -MP $< -o $@

SHIM_LINK = $(LD) -m elf_i386 -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings -T shim/shim.ld

$(B)/shim.elf: $(SHIM_OBJECTS) $(B)/ksyms0.o shim/shim.ld tools/ksyms
	$(SHIM_LINK) -o $(B)/shim/first.elf $(SHIM_OBJECTS) $(B)/ksyms0.o
	python3 tools/ksyms nm $(B)/shim/first.elf >$(B)/shim/ksyms.asm
	$(NASM) -f elf32 $(B)/shim/ksyms.asm -o $(B)/shim/ksyms.o
	$(SHIM_LINK) -o $@ $(SHIM_OBJECTS) $(B)/shim/ksyms.o

-include $(patsubst %.o,%.d,$(filter $(B)/shim/%.c.o,$(SHIM_OBJECTS))) $(B)/shim/offsets.inc.d $(patsubst %.o,%.o.d,$(filter $(B)/shim/%.asm.o,$(SHIM_OBJECTS)))
