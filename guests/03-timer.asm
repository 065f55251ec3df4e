; SPDX-License-Identifier: MIT
;
; 03-timer: an event comes once, as virtual interrupt 0 by gate 32; it can be cancelled; HALT sleeps until it. In linear mode.

%include "guests/guest.inc"

                guest   "03-timer", "the clock event, as virtual interrupt 0"
                call    load_gates

                trying  "SET_CLOCKEVENT of 1 ms, interrupts on and not blocked", "2, 7.1, 7.2"
                mov     edx, [data + DATA_time_sec]
                mov     [began], edx
                mov     dword [data + DATA_blocked_interrupts], ~1
                mov     dword [data + DATA_irq_enabled], IF
                mov     dword [irq + frame.eax], 0
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
                mov     ebx, 0
                mov     ecx, PATIENCE
                call    wait_irq
                check   "interrupts that came", [irq_count], 1
                check   "vector", [irq + frame.vector], LGUEST_IRQ_VECTOR
                check   "cs pushed", [irq + frame.cs], LGUEST_KERNEL_CS
                check   "cs of the handler", [irq + frame.handler_cs], LGUEST_KERNEL_CS
                check_bits "eflags pushed: IF", [irq + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [irq + frame.irq_enabled], 0
                check   "irq_enabled after iret", [data + DATA_irq_enabled], IF

                trying  "waiting on: it is one shot", "2"
                mov     ebx, 1
                mov     ecx, A_WHILE
                call    wait_irq
                check   "interrupts that came", [irq_count], 1

                trying  "SET_CLOCKEVENT of 1 ms, then of 0: cancelled", "2"
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
                hcall   LHCALL_SET_CLOCKEVENT, 0
                mov     ebx, [irq_count]
                mov     [count], ebx
                mov     ecx, A_WHILE
                call    wait_irq
                check   "interrupts that came meanwhile", [irq_count], [count]

                trying  "SET_CLOCKEVENT of 3.2 s, then of 1 ms: the second one counts", "2"
                hcall   LHCALL_SET_CLOCKEVENT, 3200000000
                mov     eax, [irq_count]
                mov     [count], eax
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
                mov     ebx, [count]
                mov     ecx, PATIENCE
                call    wait_irq
                mov     eax, [irq_count]
                sub     eax, [count]
                check   "interrupts that came", eax, 1

                trying  "HALT until an event, with irq_enabled 0: delivery turns it on", "2, 7.2"
                mov     dword [data + DATA_irq_enabled], 0
                mov     eax, [irq_count]
                mov     [count], eax
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
                hcall   LHCALL_HALT
                mov     eax, [irq_count]
                sub     eax, [count]
                check   "interrupts that came", eax, 1
                check_bits "eflags pushed: IF", [irq + frame.eflags], IF, IF
                check   "irq_enabled afterwards", [data + DATA_irq_enabled], IF

                trying  "100 events of 100 us by HALT", "2, 7.2"
                mov     eax, [irq_count]
                mov     [count], eax
                mov     edi, 100
.again:         mov     dword [data + DATA_irq_enabled], 0      ; else it could come before HALT, which would then sleep for ever
                hcall   LHCALL_SET_CLOCKEVENT, 100000
                hcall   LHCALL_HALT
                dec     edi
                jnz     .again
                mov     eax, [irq_count]
                sub     eax, [count]
                check   "interrupts that came", eax, 100

                trying  "lguest_data.time at the deliveries: it goes on, and not by hours", "3, 7.2"
                mov     eax, [data + DATA_time_sec]
                sub     eax, [began]
                shr     eax, 9
                check   "seconds since INIT, over 512", eax, 0
                cmp     dword [data + DATA_time_nsec], 1000000000
                sbb     eax, eax
                check   "time.nsec below a second", eax, -1
                done

                section .bss
count:          resd    1
began:          resd    1
