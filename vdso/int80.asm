; SPDX-License-Identifier: MIT
;
; The VDSO where SYSENTER does not work or was not wanted (vdso_entry=int80): the old way behind the
; new door.
;
; No landing pad: the interrupt returns by itself. The kernel tells the images apart by landing_pad
; being at offset 0.

%include "vdso/gate.inc"

		func	__kernel_vsyscall
		int	0x80
		ret
		endfunc

		section	.note.GNU-stack noalloc noexec nowrite progbits
