; SPDX-License-Identifier: MIT
;
; The VDSO for processors and platforms where SYSENTER reaches the kernel.
;
; SYSENTER keeps neither eip nor esp: the kernel returns to the landing pad, which it knows per
; process, and finds the stack in ebp, where the sixth argument lies, too. SYSEXIT returns with eip
; in edx and esp in ecx, so both are saved here. An interrupted call that must start again is sent
; to the int 0x80 right before the landing pad: with all registers as the kernel saved them (ebp:
; the sixth argument), it is the same call.

%include "vdso/gate.inc"

		global	landing_pad

		func	__kernel_vsyscall
		push_cfi ecx
		push_cfi edx
		push_cfi ebp
		mov	ebp, esp
		sysenter
		int	0x80
landing_pad:	pop_cfi	ebp
		pop_cfi	edx
		pop_cfi	ecx
		ret
		endfunc

		section	.note.GNU-stack noalloc noexec nowrite progbits
