; SPDX-License-Identifier: MIT
;
; 06-ring3: descriptors, a program at ring 3, the frames of its traps on SET_STACK's stack, and what it may not do.
; Every trap is by an interrupt gate, so the host sees it.

%include "guests/guest.inc"

KERNEL_STACK    equ     trap_stack_top + KERNEL_BASE

%macro          user_faults 3                   ; entry, vector, error code
                user    %1
                check   "vector", [trap + frame.vector], %2
                check   "error code", [trap + frame.error], %3
                check   "eip", [trap + frame.eip], %1 - user_text + USER
%endmacro

                guest   "06-ring3", "a program at ring 3, and its traps"

                trying  "LOAD_GDT_ENTRY of DPL 3 code and data, SET_STACK, and lar of the code", "2, 5"
                call    enter_user
                gate    LGUEST_SYSCALL_VECTOR, GATE_INTERRUPT | GATE_DPL3
                mov     ebx, USER_CS
                lar     eax, ebx
                and     eax, 0xC0FF00
                check   "4 KiB units, 32 bits, present, DPL 3, readable, accessed by the host", eax, 0xC0FB00

                trying  "LOAD_GDT_ENTRY of DPL 0: the host makes it 1", "5"
                hcall   LHCALL_LOAD_GDT_ENTRY, 20, 0x0000FFFF, 0x00CF9200
                mov     ebx, 20 * 8
                lar     eax, ebx
                and     eax, 0xFF00
                check   "present, DPL 1, writable, accessed", eax, 0xB300

                trying  "LOAD_GDT_ENTRY of 10 and 16, the host's: ignored", "5"
                hcall   LHCALL_LOAD_GDT_ENTRY, LGUEST_HOST_CS >> 3, 0x0000FFFF, 0x00CFF200
                hcall   LHCALL_LOAD_GDT_ENTRY, 16, 0x0000FFFF, 0x00CFF200
                mov     ebx, LGUEST_HOST_CS | 3
                lar     eax, ebx
                mov     eax, 0
                setz    al
                check   "lar of 10 at ring 1 sees a descriptor", eax, 0
                mov     ebx, 16 * 8 | 3
                lar     eax, ebx
                mov     eax, 0
                setz    al
                check   "lar of 16 at ring 1 sees a descriptor", eax, 0

                trying  "iret to ring 3, int 0x80 back by an interrupt gate", "7.3, 7.6"
                mov     [saved_esp], esp
                user    user_call, IF
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "eip pushed", [trap + frame.eip], user_called - user_text + USER
                check   "cs pushed", [trap + frame.cs], USER_CS
                check   "ss pushed", [trap + frame.ss], USER_DS
                check   "esp pushed", [trap + frame.esp], USER_STACK - 4
                check   "the user's word at its stack's top", [USER_STACK - 4], 0xCA11CA11
                check_bits "eflags pushed: IF", [trap + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], 0
                check   "cs of the handler", [trap + frame.handler_cs], LGUEST_KERNEL_CS
                check   "ss of the handler", [trap + frame.handler_ss], LGUEST_KERNEL_DS
                check   "esp of the handler: five words below SET_STACK's", [trap + frame.at], KERNEL_STACK - 20 - 8 - 32
                check   "eax", [trap + frame.eax], 0xA1A1A1A1
                check   "edi", [trap + frame.edi], 0xD2D2D2D2
                mov     eax, esp
                check   "the kernel's own stack afterwards", eax, [saved_esp]
                mov     dword [data + DATA_irq_enabled], 0

                trying  "int 0x1F, cli, in and hlt at ring 3: #GP", "2, 7.8, 8"
                user_faults user_hypercall, 13, LGUEST_VECTOR * 8 + 2
                user_faults user_cli, 13, 0
                user_faults user_in, 13, 0
                user_faults user_hlt, 13, 0

                trying  "int 14 at ring 3 with a gate of DPL 0: #GP of that gate", "7.4"
                user_faults user_int14, 13, 14 * 8 + 2

                trying  "ud2 and a division by zero at ring 3", "7.3"
                user_faults user_ud2, 6, 0
                user_faults user_div, 0, 0

                trying  "a page that isn't there, at ring 3: read, then write", "6.3, 6.7"
                user_faults user_read, 14, 4
                check   "lguest_data.cr2", [data + DATA_cr2], USER + 0x3000
                user_faults user_write, 14, 6

                trying  "the same page once it is there, and its accessed and dirty bits", "6.3, 6.7"
                mov     dword [pt_user + 8 * 3], FRAMES + 0x3000 + (PTE_P | PTE_RW | PTE_US)
                user    user_read
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "what ring 3 read", [trap + frame.eax], MARK + 3
                check_bits "after the read", [pt_user + 8 * 3], 0xFFF, PTE_P | PTE_RW | PTE_US | PTE_A
                user    user_write
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "what ring 3 wrote", [FRAMES + 0x3000], 0x13579BDF
                check_bits "after the write", [pt_user + 8 * 3], 0xFFF, PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D

                trying  "a kernel's page at ring 3, present but without US", "6.3"
                mov     dword [pt_user + 8 * 3], FRAMES + 0x3000 + PTE_KERNEL
                hcall   LHCALL_SET_PTE, pdpt, USER + 0x3000, FRAMES + 0x3000 + PTE_KERNEL, 0
                user    user_read
                check   "vector", [trap + frame.vector], 14
                check_bits "error code but for P: a read at ring 3", [trap + frame.error], ~1, 4
                user    user_kernel
                check   "vector, at KERNEL_BASE", [trap + frame.vector], 14
                check_bits "error code but for P", [trap + frame.error], ~1, 4
                user    user_top
                check   "vector, of a write into the host's part", [trap + frame.vector], 14
                check_bits "error code but for P: a write at ring 3", [trap + frame.error], ~1, 6

                trying  "a write at ring 3 to a page without RW", "6.3"
                user    user_write_text
                check   "vector", [trap + frame.vector], 14
                check   "error code", [trap + frame.error], 7

                trying  "the timer while ring 3 runs", "7.2, 7.3"
                mov     byte [leave_at_irq], 1
                mov     dword [data + DATA_blocked_interrupts], ~1
                hcall   LHCALL_SET_CLOCKEVENT, LATER_NS
                user    user_loop, IF
                check   "interrupts that came", [irq_count], 1
                check   "cs pushed", [irq + frame.cs], USER_CS
                check   "ss pushed", [irq + frame.ss], USER_DS
                check_bits "eflags pushed: IF", [irq + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [irq + frame.irq_enabled], 0
                check   "esp of the handler", [irq + frame.at], KERNEL_STACK - 20 - 8 - 32

                trying  "another SET_STACK: the next trap uses it", "2, 6.7"
                hcall   LHCALL_SET_STACK, LGUEST_KERNEL_DS, KERNEL_STACK - 0x1000, 1
                user    user_call
                check   "esp of the handler", [trap + frame.at], KERNEL_STACK - 0x1000 - 20 - 8 - 32
                done

                section .bss
saved_esp:      resd    1

                section .user
user_call:      push    dword 0xCA11CA11
                mov     eax, 0xA1A1A1A1
                mov     edi, 0xD2D2D2D2
                int     LGUEST_SYSCALL_VECTOR
user_called:    ud2
user_hypercall: int     LGUEST_VECTOR
user_cli:       cli
user_in:        in      al, 0x60
user_hlt:       hlt
user_int14:     int     14
user_ud2:       ud2
user_div:       div     dword [USER_DATA + 0x100]
user_read:      mov     eax, [USER + 0x3000]
                int     LGUEST_SYSCALL_VECTOR
user_write:     mov     dword [USER + 0x3000], 0x13579BDF
                int     LGUEST_SYSCALL_VECTOR
user_kernel:    mov     eax, [KERNEL_BASE + 0x100000]
                int     LGUEST_SYSCALL_VECTOR
user_top:       mov     [0xFFFFF000], eax
                int     LGUEST_SYSCALL_VECTOR
user_write_text: mov    [USER], eax
                int     LGUEST_SYSCALL_VECTOR
user_loop:      jmp     user_loop
