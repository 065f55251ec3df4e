; SPDX-License-Identifier: MIT
;
; System calls from C: one three-instruction stub per call, all sharing one tail.
;
; C passes arguments on the stack, the kernel takes them in ebx ecx edx esi edi ebp with the number in eax.
; The tail loads all six whatever the call needs: what lies above the real arguments is some word of the
; stack and harmless. The entry is an indirect call through `sysinfo`, which start.c points at the page that
; AT_SYSINFO names; until then (and where there is none) it is int80_stub. Results come back untouched:
; a negative error number, not -1.

%include "syscall.inc"

		global	sys, sys80, sysinfo, int80_stub, vfork, thread_clone

; %1 = how to enter, %2 = bytes on the stack above the return address to skip
%macro		enter_kernel 2
		push	ebx
		push	esi
		push	edi
		push	ebp
		mov	ebx, [esp + 20 + %2]
		mov	ecx, [esp + 24 + %2]
		mov	edx, [esp + 28 + %2]
		mov	esi, [esp + 32 + %2]
		mov	edi, [esp + 36 + %2]
		mov	ebp, [esp + 40 + %2]
		call	%1
		pop	ebp
		pop	edi
		pop	esi
		pop	ebx
		ret
%endmacro

%macro		stub 1
		stub	%1, %1
%endmacro

%macro		stub 2
		global	%1
		section	.text.%1 progbits alloc exec nowrite align=1
%1:		mov	eax, NR_%2
		jmp	tail
%endmacro

		section	.data.sysinfo progbits alloc noexec write align=4
sysinfo:	dd	int80_stub

		section	.text.tail progbits alloc exec nowrite align=16
tail:		enter_kernel [sysinfo], 0
int80_stub:	int	0x80
		ret

; long sys(int nr, ...)
		section	.text.sys progbits alloc exec nowrite align=16
sys:		mov	eax, [esp + 4]
		enter_kernel [sysinfo], 4

; long sys80(int nr, ...): by int 0x80 whatever the auxiliary vector says
		section	.text.sys80 progbits alloc exec nowrite align=16
sys80:		mov	eax, [esp + 4]
		enter_kernel int80_stub, 4

; int vfork(void): the child returns first, on the parent's own stack, and would overwrite the return address
		section	.text.vfork progbits alloc exec nowrite align=16
vfork:		pop	ecx
		mov	eax, NR_vfork
		int	0x80			; keeps ecx
		jmp	ecx

; int thread_clone(flags, stack_top, fn, arg, ptid, tls, ctid): the child calls fn(arg), then exits as a thread
		section	.text.thread_clone progbits alloc exec nowrite align=16
thread_clone:	push	ebx
		push	esi
		push	edi
		mov	ebx, [esp + 16]
		mov	ecx, [esp + 20]
		and	ecx, -16
		sub	ecx, 20			; at fn's entry esp + 4 is a multiple of 16
		mov	eax, [esp + 24]
		mov	[ecx], eax
		mov	eax, [esp + 28]
		mov	[ecx + 4], eax
		mov	edx, [esp + 32]
		mov	esi, [esp + 36]
		mov	edi, [esp + 40]
		mov	eax, NR_clone
		int	0x80
		test	eax, eax
		jz	.child
		pop	edi
		pop	esi
		pop	ebx
		ret
.child:		xor	ebp, ebp
		pop	eax
		call	eax
		mov	ebx, eax
		mov	eax, NR_exit
		int	0x80
		hlt

		stub	_exit, exit_group
		stub	fork
		stub	read
		stub	write
		stub	open
		stub	close
		stub	unlink
		stub	execve
		stub	chdir
		stub	getpid
		stub	getppid
		stub	gettid
		stub	kill
		stub	tgkill
		stub	rename
		stub	mkdir
		stub	rmdir
		stub	dup
		stub	dup2
		stub	pipe
		stub	pipe2
		stub	ioctl
		stub	fcntl, fcntl64
		stub	setpgid
		stub	getpgid
		stub	setsid
		stub	wait4
		stub	uname
		stub	munmap
		stub	mprotect
		stub	nanosleep
		stub	sched_yield
		stub	poll
		stub	getdents64
		stub	stat64
		stub	lstat64
		stub	fstat64
		stub	clock_gettime
		stub	readlink
		stub	reboot

		section	.note.GNU-stack noalloc noexec nowrite progbits
