# SPDX-License-Identifier: MIT
#
# make NOHOOKS=1: the same kernel with the hooks compiled out, for tools/pvcost to measure against. Other wrappers are found first, assembly
# includes other macros, and native's functions, which have names of their own file only, become visible.

KCFLAGS := -Itools/nohooks $(KCFLAGS)

$(B)/%.asm.o: %.asm $(OFFSETS)
	@mkdir -p $(@D)
	sed 's,"pv/sites.inc","tools/nohooks/pv/sites.inc",' $< >$(@:.o=.text)
	$(NASM) $(NASMFLAGS) -MD $@.d -MP $(@:.o=.text) -o $@

$(B)/arch/x86/native.c.o: arch/x86/native.c
	@mkdir -p $(@D)
	$(CC) $(KCFLAGS) -MMD -MP -c $< -o $@
	$(OBJCOPY) --wildcard --globalize-symbol='native_*' $@
