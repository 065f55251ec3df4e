# SPDX-License-Identifier: MIT
#
# How the toy user land is built: user/bin/X.c becomes $(B)/user/bin/X, user/tests/X.c $(B)/user/tests/X, and all of
# them, with user/etc/, become $(B)/initrd.cpio.
#
# Included by the top Makefile, which sets B (the build folder) and the tools. Every program is one source file
# linked with the tiny libc; the linker drops what is not used. The initrd is a function of the files' bytes only.

UCC ?= $(CC) -m32
UFLAGS := -std=gnu11 -march=i686 -Os -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fomit-frame-pointer -ffunction-sections -fdata-sections -mno-sse -mno-mmx \
	-fno-strict-aliasing -Wall -Wextra -I.
ULDFLAGS := -m elf_i386 -static --gc-sections -z noseparate-code -z max-page-size=4096 -z noexecstack -s

ULIBC_OBJS := $(patsubst user/libc/%,$(B)/user/libc/%.o,$(sort $(wildcard user/libc/*.c user/libc/*.asm)))
UBIN       := $(patsubst user/%.c,$(B)/user/%,$(sort $(wildcard user/bin/*.c)))
UTESTS     := $(patsubst user/%.c,$(B)/user/%,$(sort $(wildcard user/tests/*.c)))
UETC       := $(sort $(wildcard user/etc/*))

$(B)/user/syscall.inc: abi/syscall.h
	@mkdir -p $(@D)
	sed -n 's/^#define __NR_/%define NR_/p' $< > $@

$(B)/user/libc/%.c.o: user/libc/%.c user/rules.mk
	@mkdir -p $(@D)
	$(UCC) $(UFLAGS) -fno-builtin -MMD -MP -c $< -o $@

$(B)/user/libc/%.asm.o: user/libc/%.asm $(B)/user/syscall.inc
	@mkdir -p $(@D)
	$(NASM) -f elf32 -I $(B)/user/ $< -o $@

$(B)/user/libc.a: $(ULIBC_OBJS)
	rm -f $@
	$(AR) rcsD $@ $^

$(B)/user/%.o: user/%.c user/rules.mk
	@mkdir -p $(@D)
	$(UCC) $(UFLAGS) -MMD -MP -c $< -o $@

$(UBIN) $(UTESTS): $(B)/user/%: $(B)/user/%.o $(B)/user/libc.a
	$(LD) $(ULDFLAGS) -e _start $(B)/user/libc/crt0.asm.o $< $(B)/user/libc.a -o $@

$(B)/initrd.cpio: $(UBIN) $(UTESTS) $(UETC) user/mkinitrd
	python3 user/mkinitrd $@ $(B)/user/bin $(B)/user/tests $(UBIN) $(UTESTS) $(UETC)

# What row 13 of the benchmark boots with: 130 KB, whatever tests there are; the row is defined with 100.
$(B)/boot.cpio: $(UBIN) $(B)/user/tests/exitcode user/mkinitrd
	python3 user/mkinitrd $@ $(B)/user/bin $(B)/user/tests $(UBIN) $(B)/user/tests/exitcode

# The initrd of tools/run --initrd busybox: Debian's, unchanged, as tools/debian has fetched it, under our own init.
$(B)/busybox.cpio: $(B)/debian/busybox-static $(B)/user/bin/init user/mkinitrd $(wildcard user/busybox/etc/*)
	rm -rf $(B)/busybox
	mkdir -p $(B)/busybox/bin
	cp $</bin/busybox $(B)/busybox/bin
	ln -s busybox $(B)/busybox/bin/sh
	cp $(B)/user/bin/init $(B)/busybox
	python3 user/mkinitrd $@ --tree user/busybox $(B)/busybox

$(B)/debian/%:
	tools/debian $(B)/debian $*

.PHONY: user
user: $(B)/initrd.cpio
.SECONDARY: $(patsubst %,%.o,$(UBIN) $(UTESTS))

-include $(ULIBC_OBJS:.o=.d) $(addsuffix .d,$(UBIN) $(UTESTS))
