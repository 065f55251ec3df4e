; SPDX-License-Identifier: MIT
;
; 07-direct: int 0x80 by a trap gate, which may go to ring 1 without the host. What a guest can see is that the pushed IF is 1 and
; irq_enabled stays, that SET_STACK's stack is always there, and that SYSENTER isn't.

%include "guests/guest.inc"

CALLS           equ     100000
OWN_SS          equ     20 * 8 | 1
KERNEL_STACK    equ     trap_stack_top + KERNEL_BASE

                guest   "07-direct", "int 0x80 by a trap gate"
                call    enter_user

                trying  "int 0x80 by a trap gate, irq_enabled 0x200", "7.3, 7.5"
                gate    LGUEST_SYSCALL_VECTOR, GATE_TRAP | GATE_DPL3
                user    user_call, IF
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "eip pushed", [trap + frame.eip], user_called - user_text + USER
                check   "cs pushed", [trap + frame.cs], USER_CS
                check   "ss pushed", [trap + frame.ss], USER_DS
                check   "esp pushed", [trap + frame.esp], USER_STACK
                check_bits "eflags pushed: IF", [trap + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], IF
                check   "cs of the handler", [trap + frame.handler_cs], LGUEST_KERNEL_CS
                check   "ss of the handler", [trap + frame.handler_ss], LGUEST_KERNEL_DS
                check   "esp of the handler: five words below SET_STACK's", [trap + frame.at], KERNEL_STACK - 20 - 8 - 32

                trying  "the same with irq_enabled 0: only the word in memory counts", "7.5"
                user    user_call, 0
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], 0

                trying  "SET_STACK with a selector of the guest's own", "2"
                hcall   LHCALL_LOAD_GDT_ENTRY, OWN_SS / 8, 0xFFFF, 0x00CFB300
                hcall   LHCALL_SET_STACK, OWN_SS, KERNEL_STACK, 2
                user    user_call
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "ss of the handler", [trap + frame.handler_ss], OWN_SS
                check   "esp of the handler", [trap + frame.at], KERNEL_STACK - 20 - 8 - 32
                hcall   LHCALL_SET_STACK, LGUEST_KERNEL_DS, KERNEL_STACK, 2
                user    user_call
                check   "ss of the handler, the usual again", [trap + frame.handler_ss], LGUEST_KERNEL_DS

                trying  "int 0x80 right after FLUSH_TLB 1 and after NEW_PGTABLE of another table: the stack is there", "6.7"
                hcall   LHCALL_FLUSH_TLB, 1
                user    user_call
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                mov     eax, [pdpt]
                mov     [second], eax
                mov     eax, [pdpt + 8 * 3]
                mov     [second + 8 * 3], eax
                hcall   LHCALL_NEW_PGTABLE, second
                user    user_call
                check   "vector, in the second table", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                hcall   LHCALL_NEW_PGTABLE, pdpt

                trying  "100000 calls", "7.5, 13"
                mov     dword [count], CALLS
                rdtsc
                mov     [began], eax
.again:         user    user_call
                dec     dword [count]
                jnz     .again
                rdtsc
                sub     eax, [began]
                xor     edx, edx
                mov     ecx, CALLS
                div     ecx
                note    "TSC ticks for one, way in and way out", eax

                trying  "the timer while ring 3 does nothing but calls: it comes", "7.2, 7.5"
                mov     byte [leave_at_irq], 1
                mov     dword [data + DATA_blocked_interrupts], ~1
                hcall   LHCALL_SET_CLOCKEVENT, LATER_NS
                mov     dword [count], PATIENCE / 16
.until:         user    user_call, IF
                cmp     dword [irq_count], 0
                jne     .came
                dec     dword [count]
                jnz     .until
.came:          check   "interrupts that came", [irq_count], 1
                mov     dword [data + DATA_irq_enabled], 0

                trying  "int 0x80 by an interrupt gate again: reflected, irq_enabled is 0", "7.3, 7.5"
                gate    LGUEST_SYSCALL_VECTOR, GATE_INTERRUPT | GATE_DPL3
                user    user_call, IF
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check_bits "eflags pushed: IF", [trap + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], 0

                trying  "int3 at ring 3 by a trap gate of DPL 3", "7.5, 7.8"
                gate    3, GATE_TRAP | GATE_DPL3
                user    user_int3
                check   "vector", [trap + frame.vector], 3
                check   "cs pushed", [trap + frame.cs], USER_CS
                check   "esp of the handler", [trap + frame.at], KERNEL_STACK - 20 - 8 - 32

; By a trap gate, because hosts before 3.18 leave TF on in what they reflect (7.3).
                trying  "the trap flag at ring 3: #DB after the next instruction, none in the handler", "7.3, 7.5"
                gate    1, GATE_TRAP
                user    user_step, 0x100
                check   "vector", [trap + frame.vector], 1
                check   "eip", [trap + frame.eip], user_stepped - user_text + USER

                trying  "sysenter at ring 3: it never reaches ring 0; a guest does without it", "8"
                gate    LGUEST_SYSCALL_VECTOR, GATE_TRAP | GATE_DPL3
                user    user_sysenter
                mov     eax, [trap + frame.vector]
                cmp     eax, LGUEST_SYSCALL_VECTOR
                jne     .not_reflected
                say     "  note: this host reflects SYSENTER as int 0x80; real ones don't"
                jmp     .end
.not_reflected: cmp     eax, 6                  ; the processor has none
                je      .end
                check   "vector", eax, 13
                check   "error code", [trap + frame.error], 0
.end:           done

                section .bss
count:          resd    1
began:          resd    1
                alignb  32
second:         resb    32

                section .user
user_call:      int     LGUEST_SYSCALL_VECTOR
user_called:    ud2
user_int3:      int3
user_step:      nop
user_stepped:   nop
                ud2
user_sysenter:  mov     ecx, esp
                mov     edx, user_called - user_text + USER
                sysenter
