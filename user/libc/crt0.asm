; SPDX-License-Identifier: MIT
;
; The first instruction of every program: hands the kernel's initial stack (argc, argv, environment,
; auxiliary vector) to libc_start in C, which never returns.
;
; At entry esp points at argc and is 16-byte aligned; nothing else is promised.

		global	_start
		extern	libc_start

		section	.text._start progbits alloc exec nowrite align=16
_start:		xor	ebp, ebp		; the outermost frame
		mov	eax, esp
		and	esp, -16
		sub	esp, 12
		push	eax
		call	libc_start

		section	.note.GNU-stack noalloc noexec nowrite progbits
