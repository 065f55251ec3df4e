; SPDX-License-Identifier: MIT
;
; 04-masking: what keeps an interrupt back, and that it then comes exactly once: irq_enabled 0, its bit in blocked_interrupts, the
; no-interrupt window, an absent gate. In linear mode.

%include "guests/guest.inc"

%macro          came    1                       ; how many since the step began
                mov     eax, [irq_count]
                sub     eax, [count]
                check   "interrupts that came", eax, %1
%endmacro

%macro          event   0                       ; an event of 1 ms; counts from here
                mov     eax, [irq_count]
                mov     [count], eax
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
%endmacro

                guest   "04-masking", "masked interrupts wait, and come exactly once"
                call    load_gates
                mov     dword [data + DATA_blocked_interrupts], ~1

                trying  "an event while irq_enabled is 0: irq_pending says so, nothing comes", "3, 7.2"
                event
                mov     ecx, PATIENCE
.pending:       cmp     dword [data + DATA_irq_pending], 0
                jne     .told
                dec     ecx
                jnz     .pending
.told:          check   "irq_pending", [data + DATA_irq_pending], IF
                came    0

                trying  "irq_enabled 0x200 and SEND_INTERRUPTS: one comes, before the next instruction", "2, 7.2"
                mov     dword [data + DATA_irq_enabled], IF
                hcall   LHCALL_SEND_INTERRUPTS
                came    1
                cmp     dword [data + DATA_irq_pending], 0
                je      .cleared
                note    "irq_pending is sticky here, as on real hosts (7.2)", [data + DATA_irq_pending]
                mov     dword [data + DATA_irq_pending], 0
.cleared:

                trying  "SEND_INTERRUPTS ten times more: nothing is left", "7.1, 7.2"
                mov     edi, 10
.more:          hcall   LHCALL_SEND_INTERRUPTS
                dec     edi
                jnz     .more
                came    1

                trying  "an event while its bit in blocked_interrupts is 1", "3, 7.1"
                mov     dword [data + DATA_blocked_interrupts], -1
                event
                mov     ebx, [count]
                mov     ecx, A_WHILE
                call    wait_irq
                came    0

                trying  "the bit cleared and SEND_INTERRUPTS", "7.1"
                mov     dword [data + DATA_blocked_interrupts], ~1
                hcall   LHCALL_SEND_INTERRUPTS
                came    1

                trying  "an event while eip is between noirq_start and noirq_end", "3, 7.2"
                mov     dword [data + DATA_irq_enabled], 0
                event
                mov     ecx, A_WHILE
                call    spin_in_window
                sub     eax, [count]
                check   "interrupts that came before its end", eax, 0
                hcall   LHCALL_SEND_INTERRUPTS
                came    1

                trying  "an event while gate 32 is absent: it stays pending", "7.2, 7.4"
                hcall   LHCALL_LOAD_IDT_ENTRY, LGUEST_IRQ_VECTOR, 0, 0
                event
                mov     ebx, [count]
                mov     ecx, A_WHILE
                call    wait_irq
                came    0
                gate    LGUEST_IRQ_VECTOR, GATE_INTERRUPT
                hcall   LHCALL_SEND_INTERRUPTS
                came    1

                trying  "HALT with one pending and irq_enabled 0: returns at once", "7.2, 7.9"
                mov     dword [data + DATA_irq_enabled], 0
                event
                mov     ecx, A_WHILE
.idle:          dec     ecx
                jnz     .idle
                came    0
                hcall   LHCALL_HALT
                came    1
                check   "irq_enabled afterwards", [data + DATA_irq_enabled], IF
                mov     dword [data + DATA_irq_pending], 0

                trying  "an event with a trap gate: irq_enabled stays", "7.3"
                gate    LGUEST_IRQ_VECTOR, GATE_TRAP
                event
                mov     ebx, [count]
                mov     ecx, PATIENCE
                call    wait_irq
                came    1
                check   "irq_enabled in the handler", [irq + frame.irq_enabled], IF
                check_bits "eflags pushed: IF", [irq + frame.eflags], IF, IF
                done

                section .bss
count:          resd    1
