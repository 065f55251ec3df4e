; SPDX-License-Identifier: MIT
;
; The lguest hooks that the patcher can inline, and the way out of the kernel.
;
; Interrupts are a word in lguest_data: 0 or EFLAGS_IF, nothing else is ever stored. Whoever turns them on looks whether the host has
; left word that one is pending, and then makes one call, after which the host delivers. The host should take its word back;
; hosts up to 4.9 never do (lguest.md 7.2), so we do it before the call, and a call is made for real interrupts only.
;
; iret must not be interrupted once the word says that interrupts are on, because the handler would find the user's registers
; half restored: [lguest_noirq_start, lguest_noirq_end) is the window that the host keeps free, without an access that can fault.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

                extern  lguest_data, iret_fault, return_again, lguest_change_pte
                global  lguest_snippets, lguest_snippets_end, lguest_noirq_start, lguest_noirq_end, lguest_sends
                global  lguest_hypercall, lguest_irq_save, lguest_irq_restore, lguest_irq_disable, lguest_irq_enable, lguest_safe_halt
                global  lguest_read_cr2, lguest_set_pte, lguest_iret, lguest_iret_user, lguest_sysexit

%define ENABLED lguest_data + LGUEST_irq_enabled
%define PENDING lguest_data + LGUEST_irq_pending
RING3           equ     2                       ; this bit of cs is set in ring 3, but not in 1

                section .rodata
                align   4
lguest_snippets:
                dd      lguest_hypercall, lguest_hypercall, lguest_hypercall.end
                dd      lguest_irq_save, lguest_irq_save, lguest_irq_save.end
                dd      lguest_irq_disable, lguest_irq_disable, lguest_irq_disable.end
                dd      lguest_read_cr2, lguest_read_cr2, lguest_read_cr2.end
lguest_snippets_end:

                section .bss
                alignb  4
lguest_sends:   resd    1

                section .text
lguest_hypercall:
                int     LGUEST_VECTOR
.end:           ret

                align   4
lguest_irq_save:
                mov     eax, [ENABLED]
.end:           ret

                align   4
lguest_irq_disable:
                mov     byte [ENABLED + 1], 0   ; the only byte with a bit in it; as a dword it would not fit the site
.end:           ret

                align   4
lguest_read_cr2:
                mov     eax, [lguest_data + LGUEST_cr2]
.end:           ret

; One that becomes present is nothing to tell (16.3): the slot is ecx, the value on the stack.
                align   4
lguest_set_pte: test    byte [ecx], 1
                jnz     lguest_change_pte
                mov     eax, [esp + 4]
                mov     edx, [esp + 8]
                mov     [ecx], eax
                mov     [ecx + 4], edx
                ret

                align   4
lguest_irq_restore:
                and     eax, EFLAGS_IF
                mov     [ENABLED], eax
                test    [PENDING], eax
                jnz     send
                ret

; HALT turns interrupts on when one comes; this is for a host that takes it for a no-op.
                align   4
lguest_safe_halt:
                mov     eax, LHCALL_HALT
                PV_CALL cpu, hypercall

lguest_irq_enable:
                mov     dword [ENABLED], EFLAGS_IF
                test    dword [PENDING], EFLAGS_IF
                jnz     send
                ret

send:           inc     dword [lguest_sends]
                mov     dword [PENDING], 0
                mov     eax, LHCALL_SEND_INTERRUPTS
                PV_CALL cpu, hypercall
                ret

; Jumped to with eip, cs, eflags and perhaps esp, ss on the stack; ds and all registers are the next one's.
                align   4
lguest_iret:    test    byte [esp + 9], EFLAGS_IF >> 8
                jz      lguest_iret_user.off
lguest_iret_user:
                test    dword [ss:PENDING], EFLAGS_IF
                jnz     pending
.leave:         mov     dword [ss:ENABLED], EFLAGS_IF
.iret:          iretd
.off:           mov     dword [ss:ENABLED], 0
                jmp     .iret
.end:
lguest_noirq_start equ  lguest_iret_user.leave
lguest_noirq_end equ    lguest_iret_user.end
                FIXUP   lguest_iret_user.iret, iret_fault

; Behind iret nobody would ask for it. To ring 3: back to the kernel's last look at work, with interrupts on. To ring 1: it comes here, before
; the interrupted code goes on; and if that is this very code, then the loop below will take it, so that handlers don't pile up. For that its call
; must be here, and is no site: a trace shows it on the host's side alone.
pending:        test    byte [esp + 4], RING3
                jnz     return_again
                cmp     dword [esp], .send
                jb      .send
                cmp     dword [esp], .sent
                jbe     lguest_iret_user.leave
.send:          push    eax
                inc     dword [ss:lguest_sends]
                mov     dword [ss:PENDING], 0
                mov     dword [ss:ENABLED], EFLAGS_IF
                mov     eax, LHCALL_SEND_INTERRUPTS
                int     LGUEST_VECTOR
.sent:          mov     dword [ss:ENABLED], 0
                pop     eax
                jmp     lguest_iret_user

lguest_sysexit: add     esp, 4
                jmp     lguest_iret_user

                section .note.GNU-stack noalloc noexec nowrite progbits
