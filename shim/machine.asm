; SPDX-License-Identifier: MIT
;
; The shim's first instructions, and the ways into its own handlers.
;
; Loaders of multiboot 1 and 2 start here with flat segments, paging off and the machine's word in eax and ebx. The shim runs with interrupts
; off, but for machine_wait; then an interrupt's frame is on the shim's stack and its handler is C. Exceptions of the shim end the run:
; their frame becomes a report. A double fault is a task of its own, because the stack may be the reason.

%include "shim/offsets.inc"

                global  start, own_stubs, stack_top, machine_wait, host_gdt_pointer, host_idt_pointer, own_stack_guard, double_fault_stack_top
                extern  boot_has_pae, boot_no_pae, shim_main, own_interrupt, own_exception, host_gdt, host_idt

MB1_FLAGS       equ     3                       ; modules on page boundaries, memory map
MB2_MAGIC       equ     0xE85250D6

                section .multiboot progbits alloc noexec nowrite align=8
                dd      0x1BADB002, MB1_FLAGS, -(0x1BADB002 + MB1_FLAGS)
                align   8
mb2:            dd      MB2_MAGIC, 0, mb2_end - mb2, -(MB2_MAGIC + (mb2_end - mb2))
                dw      6, 0                    ; modules on page boundaries
                dd      8
                dw      0, 0
                dd      8
mb2_end:

                section .text
start:          cli
                cld
                mov     esp, stack_top
                xor     ebp, ebp
                mov     esi, ebx
                mov     edi, eax
                call    boot_has_pae            ; the code in C is of processors that have it
                jz      near boot_no_pae
                mov     edx, esi
                mov     eax, edi
                call    shim_main
.never:         hlt
                jmp     .never

; sti takes effect after the next instruction: no interrupt can come between it and hlt. An NMI can, see there.
machine_wait:   sti
.halt:          hlt
                cli
                ret

; ---- own exceptions and interrupts ----

%define ERROR_CODES     (1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)
; OWN_STUB VECTOR
%macro OWN_STUB 1
own%1:
%if %1 == 2
                jmp     nmi
%elif %1 < 32
%if !(ERROR_CODES >> %1 & 1)
                push    byte 0
%endif
                push    byte %1
                jmp     exception
%else
                push    byte %1 - 32
                jmp     interrupt
%endif
%endmacro

%assign vector 0
%rep 48
                OWN_STUB vector
%assign vector vector + 1
%endrep

; The watchdog's (shim/pic.c). Between sti and hlt its iret would let the interrupt in before the processor waits for it.
nmi:            cmp     dword [esp], machine_wait.halt
                jne     .back
                inc     dword [esp]             ; hlt has one byte
.back:          iret

; eax = frame: edi ... eax, vector, error, eip, cs, eflags
exception:      pusha
                cld
                mov     eax, esp
                jmp     own_exception

interrupt:      pusha
                cld
                mov     eax, [esp + 32]
                call    own_interrupt
                popa
                add     esp, 4
                iret

                section .rodata
                align   4
own_stubs:
%assign vector 0
%rep 48
                dd      own %+ vector
%assign vector vector + 1
%endrep
host_gdt_pointer:
                dw      32 * 8 - 1
                dd      host_gdt
                dw      0
host_idt_pointer:
                dw      48 * 8 - 1
                dd      host_idt

                section .bss
                alignb  4096
own_stack_guard:
                resb    4096                    ; never mapped
                resb    16384
stack_top:
                resb    4096
double_fault_stack_top:

                section .note.GNU-stack noalloc noexec nowrite progbits
