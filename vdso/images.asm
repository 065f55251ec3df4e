; SPDX-License-Identifier: MIT
;
; The images of the VDSO inside the kernel, each in a page of its own.
;
; The pages are written once, when the chosen image is relocated (vdso/vdso.c), and become read-only
; with the rest of .data.ro_after_init: user mode executes from them, so they must have no writable
; alias. The table's rows are struct vdso_image of vdso/vdso.c: page, file size, and the offsets
; that the kernel needs; landing pad 0 = no SYSENTER in it.

%include "vdso/symbols.inc"

%define int80_landing_pad 0

; image NAME, FILE
%macro image 2
	align	4096, db 0
%1:	incbin	%2
%1_size	equ	$ - %1
	times	4096 - %1_size db 0
%endmacro

; row NAME
%macro row 1
	dd	%1, %1_size, %1___kernel_vsyscall, %1_landing_pad
	dd	%1___kernel_sigreturn, %1___kernel_rt_sigreturn
%endmacro

		global	vdso_images

		section	.data.ro_after_init progbits alloc noexec write align=4096
		image	int80, "vdso/int80.so"
		image	sysenter, "vdso/sysenter.so"

		section	.rodata
vdso_images:	row	int80
		row	sysenter
