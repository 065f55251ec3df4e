# SPDX-License-Identifier: MIT
#
# How the two images of the VDSO are built: $(B)/vdso/X.so from vdso/X.asm, by nasm and ld, as shared objects of one page.
#
# Included by the top Makefile. X.so.debug is the same with all symbols, for gdb; addresses that are not exported (the landing pad)
# are read from it into symbols.inc. vdso/images.asm takes them all into the kernel.

VDSO_IMAGES  := int80 sysenter
VDSO_SOURCES := $(VDSO_IMAGES:%=vdso/%.asm)
VDSO_SO      := $(VDSO_IMAGES:%=$(B)/vdso/%.so)

$(B)/vdso/%.o: vdso/%.asm vdso/gate.inc vdso/cfi.inc vdso/time.inc $(B)/offsets.inc $(B)/user/syscall.inc
	@mkdir -p $(@D)
	$(NASM) -f elf32 -I./ -I$(B)/ $< -o $@

$(B)/vdso/%.so.debug: $(B)/vdso/%.o vdso/vdso.lds
	$(LD) -m elf_i386 -shared -soname linux-gate.so.1 --hash-style=both --eh-frame-hdr --build-id=sha1 \
		-z noexecstack -z noseparate-code --no-undefined --fatal-warnings -T vdso/vdso.lds $< -o $@

$(B)/vdso/%.so: $(B)/vdso/%.so.debug
	$(OBJCOPY) --strip-all $< $@

$(B)/vdso/symbols.inc: $(VDSO_SO)
	for i in $(VDSO_IMAGES); do nm $(B)/vdso/$$i.so.debug | \
		sed -n "s/^\([0-9a-f]*\) [tT] \(__kernel_[a-z_]*\|landing_pad\)\(@.*\)*$$/%define $${i}_\2 0x\1/p"; done >$@

.SECONDARY: $(VDSO_SO:=.debug) $(VDSO_IMAGES:%=$(B)/vdso/%.o)

$(B)/vdso/images.asm.o: $(VDSO_SO) $(B)/vdso/symbols.inc
