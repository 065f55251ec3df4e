# SPDX-License-Identifier: MIT
#
# Builds the kernel image, the shim and the toy user land into $(B).
#
#   make          build/postern.elf and build/initrd.cpio       make iso    build/postern.iso, for GRUB
#   make run      boots to a shell (tools/run)                  make debug  QEMU halted with gdb attached
#   make check    the quick gate, under a minute                make test   every test (tools/test)
#   make bench    instructions per operation, and sizes         make book   build/book.html
#   make sites    build/sites.html: every patch site            make cost   what the hooks cost (tools/pvcost)
#   make trace [SCENARIO=fork] [PLATFORM=lguest]    build/trace/: a traced scenario as text, JSON and a page
#   make bench PLATFORM=lguest    native and under the shim side by side, and where the difference goes
#   make bench-check              fails when a figure is more than 3% worse than tests/bench-baseline.txt (tools/bench-check --record)
#   make bench-linux              the same program on Debian's own i386 kernel, fetched once, beside ours
#   make growth                   what operations cost while there is more and more of something (tools/growth)
#
# Every folder's sources are found by name. Offsets that assembly needs come from C through tools/gen-offsets.c; the names
# for backtraces from a first link through tools/ksyms. Objects depend on what they include.

B ?= build$(if $(NOHOOKS),/nohooks)
.DEFAULT_GOAL := all
ifeq ($(origin CC),default)
CC := $(if $(shell command -v gcc),gcc,i686-linux-gnu-gcc)
endif
LD      ?= ld
NASM    := nasm
OBJCOPY ?= objcopy

KCFLAGS := -m32 -std=gnu11 -march=i686 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-omit-frame-pointer -fno-common \
	-fno-delete-null-pointer-checks -mregparm=3 -mno-sse -mno-mmx -msoft-float \
	-Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes -I. -I$(B)
# Alignment beyond four bytes would be 8% of the text. clang knows no -falign-jumps, gcc no warning about that.
KCFLAGS += -falign-functions=4 -falign-loops=1 -falign-jumps=1 -Wno-ignored-optimization-argument
NASMFLAGS := -f elf32 -g -F dwarf -w+error=orphan-labels -I./ -I$(B)/

# Layouts of C for nasm (tools/offsets.h): they stand in the compiler's output as lines "@define NAME $VALUE".
define offsets
	@mkdir -p $(@D)
	$(CC) $(KCFLAGS) -MMD -MP -MT $@ -MF $@.d -S -o $(@:.inc=.s) $<
	sed -n 's/^[^@]*@define \([A-Za-z0-9_]*\) [$$]*\(-\{0,1\}[0-9]*\).*/%define \1 \2/p' $(@:.inc=.s) >$@
endef

include vdso/rules.mk

FOLDERS := boot arch/x86 mm vdso pv kernel drivers
SOURCES := $(sort $(wildcard $(addsuffix /*.c,$(FOLDERS)) $(addsuffix /*.asm,$(FOLDERS))))
OBJECTS := $(patsubst %,$(B)/%.o,$(filter-out $(VDSO_SOURCES),$(SOURCES)))
OFFSETS := $(B)/offsets.inc
# What runs at boot, for a person or for a report, or is seldom asked for, is small rather than fast.
COLD := $(wildcard boot/*.c drivers/*.c pv/*selftest.c pv/patch.c pv/pv.c pv/report.c */trace.c kernel/proc*.c kernel/tty*.c) \
	arch/x86/cpu.c arch/x86/desc.c arch/x86/double_fault.c arch/x86/rtc.c kernel/console.c kernel/cpio.c kernel/device.c kernel/inflate.c \
	kernel/initrd.c kernel/ksyms.c kernel/lock.c kernel/log.c kernel/main.c kernel/mount.c kernel/panic.c kernel/pid.c kernel/poll.c \
	kernel/printf.c kernel/script.c kernel/sys_attr.c kernel/sys_dir.c kernel/sys_process.c kernel/sys_stat.c kernel/sys_time.c kernel/syscall.c \
	mm/mremap.c mm/oom.c vdso/relocate.c vdso/vdso.c
$(COLD:%=$(B)/%.o): KCFLAGS += -Os

.PHONY: print-flags all iso run test check debug bench bench-check bench-linux growth sites cost trace trace-record book clean
all: $(B)/postern.elf $(B)/initrd.cpio $(B)/boot.cpio $(B)/shim.elf

include user/rules.mk
include shim/rules.mk
include guests/rules.mk

# ---- the kernel ----

$(OFFSETS): tools/gen-offsets.c
	$(offsets)

$(B)/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(KCFLAGS) -MMD -MP -c $< -o $@

$(B)/%.asm.o: %.asm $(OFFSETS)
	@mkdir -p $(@D)
	$(NASM) $(NASMFLAGS) -MD $@.d -MP $< -o $@

KLINK = $(LD) -m elf_i386 -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings -T linker.ld

$(B)/ksyms0.o: tools/ksyms
	@mkdir -p $(@D)
	python3 tools/ksyms nm >$(B)/ksyms0.asm
	$(NASM) -f elf32 $(B)/ksyms0.asm -o $@

$(B)/postern.elf: $(OBJECTS) $(B)/ksyms0.o linker.ld tools/ksyms
	$(KLINK) -o $(B)/first.elf $(OBJECTS) $(B)/ksyms0.o
	python3 tools/ksyms nm $(B)/first.elf >$(B)/ksyms.asm
	$(NASM) -f elf32 $(B)/ksyms.asm -o $(B)/ksyms.o
	$(KLINK) -o $@ $(OBJECTS) $(B)/ksyms.o

-include $(patsubst %.o,%.d,$(filter %.c.o,$(OBJECTS))) $(addsuffix .d,$(filter %.asm.o,$(OBJECTS))) $(OFFSETS).d

ifdef NOHOOKS
include tools/nohooks/rules.mk
endif

# ---- what is done with them ----

iso: $(B)/postern.iso
$(B)/postern.iso: $(B)/postern.elf $(B)/shim.elf $(B)/initrd.cpio boot/grub.cfg
	rm -rf $(B)/iso
	mkdir -p $(B)/iso/boot/grub
	$(OBJCOPY) -g $(B)/postern.elf $(B)/iso/boot/postern.elf
	$(OBJCOPY) -g $(B)/shim.elf $(B)/iso/boot/shim.elf
	cp $(B)/initrd.cpio $(B)/iso/boot/
	cp boot/grub.cfg $(B)/iso/boot/grub/
	grub-mkrescue -d /usr/lib/grub/i386-pc --fonts= --themes= --locales= \
		--install-modules="multiboot multiboot2 normal iso9660 biosdisk boot serial" -o $@ $(B)/iso 2>$(B)/iso.log

run:
	@tools/run; status=$$?; [ $$status -eq 0 ] || echo "exit status $$status"

test:
	@tools/test

check:
	@tools/test --quick

debug: all
	@tools/debug

bench: all
	@tools/bench $(if $(PLATFORM),--platform $(PLATFORM) $(if $(filter lguest,$(PLATFORM)),--batching))

bench-check: all
	@tools/bench-check

bench-linux: all
	@tools/bench-linux

growth: all
	@tools/growth

cost: all
	@tools/pvcost

# What each scenario of user/bin/scenario.c does, event by event; SCENARIO: only that one.
SCENARIOS := $(or $(SCENARIO),gates fork fault switch tick)
trace: $(addprefix trace-,$(SCENARIOS))
trace-%: all
	@tools/trace-scenario $* $(or $(PLATFORM),native) $(B)/trace

# Keeps today's sequences of events, with which tests/test_trace.py compares.
trace-record:
	$(MAKE) trace PLATFORM=native
	$(MAKE) trace PLATFORM=lguest
	cp $(B)/trace/*.sequence tests/traces/

sites: $(B)/sites.html
$(B)/sites.html: $(B)/postern.elf tools/pvsites
	tools/pvsites $< --html >$@

book: $(B)/book.html
$(B)/book.html: $(wildcard docs/*.adoc docs/figures/*) kernel/syscalls.def tools/calls-table
	@mkdir -p $(@D)
	tools/calls-table
	asciidoctor --failure-level=WARN -a data-uri -o $@ docs/book.adoc

# How C is compiled, for tools that compile some of their own.
print-flags:
	@echo $(CC) $(KCFLAGS)

clean:
	rm -rf $(B)
