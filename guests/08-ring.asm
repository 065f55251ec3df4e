; SPDX-License-Identifier: MIT
;
; 08-ring: calls left in the 64 slots of the ring are made, in order, before the next call by int 0x1F.

%include "guests/guest.inc"

PLAY            equ     USER + 0x4000

%macro          slot    1-5 0, 0, 0, 0          ; a call for the next slot: number, arguments; ebp: the slot, kept by us
                imul    edi, ebp, LGUEST_CALL_SIZE
                add     edi, data + DATA_hcalls
                mov     dword [edi], %1
                mov     dword [edi + 4], %2
                mov     dword [edi + 8], %3
                mov     dword [edi + 12], %4
                mov     dword [edi + 16], %5
                mov     byte [data + DATA_hcall_status + ebp], LGUEST_SLOT_READY
                inc     ebp
                and     ebp, LGUEST_RING - 1
%endmacro

%macro          slot_pte 1                      ; SET_PTE of PLAY to frame n, installed at once
                mov     dword [pt_user + 8 * 4], FRAMES + 0x1000 * %1 + PTE_KERNEL
                slot    LHCALL_SET_PTE, pdpt, PLAY, FRAMES + 0x1000 * %1 + PTE_KERNEL, 0
%endmacro

; ecx: how many of the statuses say free.
count_free:     xor     ecx, ecx
                xor     edx, edx
.next:          cmp     byte [data + DATA_hcall_status + edx], LGUEST_SLOT_FREE
                jne     .taken
                inc     ecx
.taken:         inc     edx
                cmp     edx, LGUEST_RING
                jb      .next
                ret

%macro          all_free 0
                call    count_free
                check   "slots that are free", ecx, LGUEST_RING
%endmacro

                guest   "08-ring", "calls by the asynchronous ring"
                call    enter_user
                xor     ebp, ebp

                trying  "one SET_PTE in the ring, then FLUSH_ASYNC", "2, 2.1"
                slot_pte 1
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read", [PLAY], MARK + 1
                all_free

                trying  "two SET_PTE of one page: made in order", "2, 2.1"
                slot_pte 2
                slot_pte 3
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read", [PLAY], MARK + 3
                all_free

                trying  "a SET_PTE in the ring, another by int 0x1F: the ring goes first", "2"
                slot_pte 4
                mov     dword [pt_user + 8 * 4], FRAMES + 0x5000 + PTE_KERNEL
                hcall   LHCALL_SET_PTE, pdpt, PLAY, FRAMES + 0x5000 + PTE_KERNEL, 0
                check   "what is read", [PLAY], MARK + 5
                all_free

                trying  "a full ring of 64, from its middle around to its middle", "2.1"
                mov     ecx, LGUEST_RING - 1
.fill:          push    ecx
                slot    LHCALL_FLUSH_ASYNC
                pop     ecx
                loop    .fill
                slot_pte 6
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read", [PLAY], MARK + 6
                all_free

                trying  "1000 calls, 7 at a time", "2.1"
                mov     dword [count], 143
.lap:           mov     ecx, 7
.seven:         push    ecx
                slot    LHCALL_FLUSH_ASYNC
                pop     ecx
                loop    .seven
                hcall   LHCALL_FLUSH_ASYNC
                dec     dword [count]
                jnz     .lap
                slot_pte 7
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read at the end", [PLAY], MARK + 7
                all_free

                trying  "NEW_PGTABLE, TS and SET_STACK in the ring, as at a switch of tasks", "2, 2.1"
                mov     eax, [pdpt + 8 * 3]
                mov     [second + 8 * 3], eax
                mov     dword [pmd_second], pt_kernel + (PTE_P | PTE_RW)
                mov     dword [pmd_second + 8 * (USER >> 21)], pt_second + (PTE_P | PTE_RW | PTE_US)
                mov     dword [pt_second], user_text + (PTE_P | PTE_US)
                mov     dword [pt_second + 8], FRAMES + (PTE_P | PTE_RW | PTE_US)
                mov     dword [pt_second + 8 * 4], FRAMES + 0x8000 + PTE_KERNEL
                mov     dword [second], pmd_second + PTE_P
                slot    LHCALL_SET_STACK, LGUEST_KERNEL_DS, trap_stack_top + KERNEL_BASE - 0x1000, 1
                slot    LHCALL_NEW_PGTABLE, second
                slot    LHCALL_TS, 0
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read in the second table", [PLAY], MARK + 8
                push    ebp
                gate    LGUEST_SYSCALL_VECTOR, GATE_TRAP | GATE_DPL3
                user    user_call
                pop     ebp
                check   "esp of the handler", [trap + frame.at], trap_stack_top + KERNEL_BASE - 0x1000 - 20 - 8 - 32
                slot    LHCALL_NEW_PGTABLE, pdpt
                hcall   LHCALL_FLUSH_ASYNC
                check   "what is read in the first table", [PLAY], MARK + 7

                trying  "LOAD_IDT_ENTRY in the ring: the gate is there", "2.1"
                mov     ecx, stubs + 16 * 6
                mov     eax, ecx
                and     eax, 0xFFFF
                or      eax, LGUEST_KERNEL_CS << 16
                and     ecx, 0xFFFF0000
                or      ecx, GATE_INTERRUPT
                slot    LHCALL_LOAD_IDT_ENTRY, 6, eax, ecx
                hcall   LHCALL_FLUSH_ASYNC
                faults  6, 0, ud2

                trying  "two NOTIFY in the ring: both lines stand below, in order", "2.1, 9"
                slot    LHCALL_NOTIFY, first_line
                hcall   LHCALL_FLUSH_ASYNC
                slot    LHCALL_NOTIFY, second_line
                hcall   LHCALL_FLUSH_ASYNC
                all_free
                done

                section .rodata
first_line:     db      "  note: the first line from the ring", 10, 0
second_line:    db      "  note: the second line from the ring", 10, 0

                section .bss
count:          resd    1
                alignb  4096
pmd_second:     resb    4096
pt_second:      resb    4096
second:         resb    32

                section .user
user_call:      int     LGUEST_SYSCALL_VECTOR
