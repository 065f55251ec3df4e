; SPDX-License-Identifier: MIT
;
; 05-tables: the end of linear mode. First a look at which format of page tables the host reads, by tables that hold in both (16.1); then
; PAE tables of the guest's own, and every rule about when a change of them needs a hypercall. Interrupts stay off.

%include "guests/guest.inc"

PLAY            equ     0x600000                ; user part: pages that pt_play maps
PLAY_KERNEL     equ     KERNEL_BASE + 0x600000  ; the same pages in the kernel's part, by pt_kernel_play
REMOTE          equ     0x40000000              ; behind top-level entry 1
TOP_PAGE        equ     0xFFFFF000              ; in what the host reserves, however little that is
FRAME           equ     0x1000
PROBE           equ     FRAMES + 15 * FRAME     ; in PAE frame 15, in the two-level format frame 14

%macro          map     3                       ; table, index, frame number and flags
                mov     dword [%1 + 8 * (%2)], FRAMES + %3
%endmacro

%macro          drop_pte 1                      ; SET_PTE without A or D: the next access reads the table
                hcall   LHCALL_SET_PTE, pdpt, %1, 0, 0
%endmacro

                guest   "05-tables", "PAE page tables, and which changes need a call"
                call    load_gates
                call    build_tables

                trying  "NEW_PGTABLE of tables that hold in both formats, and a read: which does the host use?", "16.1"
                mov     ecx, 0x100
                mov     dword [hybrid], pt_kernel + (PTE_P | PTE_RW)
.entry:         mov     eax, ecx
                shl     eax, 12
                or      eax, PTE_KERNEL
                mov     [hybrid + 4 * ecx], eax
                inc     ecx
                cmp     ecx, 0x1FF
                jb      .entry
                mov     dword [hybrid + 4 * 0x1FF], FRAMES + 14 * FRAME + PTE_KERNEL
                mov     dword [hybrid_top], hybrid + PTE_P
                hcall   LHCALL_NEW_PGTABLE, hybrid_top
                mov     edi, [PROBE]            ; no write, no push before the real tables are loaded
                cmp     edi, MARK + 14
                je      two_level
                hcall   LHCALL_NEW_PGTABLE, pdpt
                add     esp, KERNEL_BASE
                check   "what was read: frame 15 if PAE, 14 if not", edi, MARK + 15

                trying  "the same memory where it was and at 0xC0000000", "2, 16.2"
                mov     dword [scratch], 0x13579BDF
                check   "read above", [scratch + KERNEL_BASE], 0x13579BDF
                mov     dword [scratch + KERNEL_BASE], 0x2468ACE0
                check   "read below", [scratch], 0x2468ACE0

                trying  "an absent PMD entry that becomes present: no call", "16.3"
                faults  14, 0, mov eax, [PLAY]
                check   "lguest_data.cr2", [data + DATA_cr2], PLAY
                mov     dword [pmd_low + 8 * (PLAY >> 21)], pt_play + (PTE_P | PTE_RW | PTE_US)
                faults  14, 0, mov eax, [PLAY]

                trying  "an absent PTE that becomes present: no call", "6.3, 16.3"
                faults  14, 2, mov [PLAY + 4], eax
                check   "lguest_data.cr2", [data + DATA_cr2], PLAY + 4
                map     pt_play, 0, 0 * FRAME + (PTE_P | PTE_RW)
                check   "what is read", [PLAY], MARK + 0

                trying  "the accessed and dirty bits of a page that is read, then written", "6.3"
                check_bits "after the read: D, A, RW, P", [pt_play], 0xFFF, PTE_P | PTE_RW | PTE_A
                mov     dword [PLAY], MARK + 0
                check_bits "after the write", [pt_play], 0xFFF, PTE_P | PTE_RW | PTE_A | PTE_D

                trying  "an absent top-level entry that becomes present: no call", "16.3"
                faults  14, 0, mov eax, [REMOTE]
                mov     dword [pmd_far], pt_far + (PTE_P | PTE_RW)
                map     pt_far, 0, 1 * FRAME + (PTE_P | PTE_RW)
                mov     dword [pdpt + 8], pmd_far + PTE_P
                check   "what is read", [REMOTE], MARK + 1

                trying  "a write to a page without RW at ring 1: CR0.WP is on", "6.3, 11"
                map     pt_play, 1, 2 * FRAME + PTE_P
                check   "what is read", [PLAY + FRAME], MARK + 2
                faults  14, 3, mov [PLAY + FRAME], eax
                check   "lguest_data.cr2", [data + DATA_cr2], PLAY + FRAME

                trying  "a global page, and bits 9 to 11: tolerated in a PTE", "6.1, 16.2"
                map     pt_play, 2, 3 * FRAME + (PTE_P | PTE_RW | PTE_G | 0xE00)
                check   "what is read", [PLAY + 2 * FRAME], MARK + 3
                check_bits "the entry, bits 8 to 11", [pt_play + 8 * 2], 0xF00, 0xF00

                trying  "bits 44 to 62 and NX: tolerated in a PTE", "16.2"
                mov     dword [pt_play + 8 * 3 + 4], 0xFFFFF000
                map     pt_play, 3, 4 * FRAME + (PTE_P | PTE_RW)
                check   "what is read", [PLAY + 3 * FRAME], MARK + 4
                map     pt_play, 3, 5 * FRAME + PTE_KERNEL
                hcall   LHCALL_SET_PTE, pdpt, PLAY + 3 * FRAME, FRAMES + 5 * FRAME + PTE_KERNEL, 0xFFFFF000
                check   "what is read after SET_PTE with A and D", [PLAY + 3 * FRAME], MARK + 5
                check   "the entry, upper half", [pt_play + 8 * 3 + 4], 0xFFFFF000

                trying  "another frame in a PTE, SET_PTE without A and D: found at the next access", "6.4"
                map     pt_play, 0, 4 * FRAME + (PTE_P | PTE_RW)
                hcall   LHCALL_SET_PTE, pdpt, PLAY, FRAMES + 4 * FRAME + (PTE_P | PTE_RW), 0
                check   "what is read", [PLAY], MARK + 4
                check_bits "A was set by that", [pt_play], PTE_A, PTE_A

                trying  "another frame in a PTE, SET_PTE with A and D: installed", "6.4"
                map     pt_play, 0, 5 * FRAME + PTE_KERNEL
                hcall   LHCALL_SET_PTE, pdpt, PLAY, FRAMES + 5 * FRAME + PTE_KERNEL, 0
                check   "what is read", [PLAY], MARK + 5
                mov     dword [PLAY], MARK + 5

                trying  "a PTE that loses RW, SET_PTE with A: a write faults", "6.4"
                map     pt_play, 0, 5 * FRAME + (PTE_P | PTE_A)
                hcall   LHCALL_SET_PTE, pdpt, PLAY, FRAMES + 5 * FRAME + (PTE_P | PTE_A), 0
                check   "what is read", [PLAY], MARK + 5
                faults  14, 3, mov [PLAY], eax

                trying  "a PTE that goes away, SET_PTE of 0", "6.4"
                mov     dword [pt_play], 0
                drop_pte PLAY
                faults  14, 0, mov eax, [PLAY]

                trying  "SET_PTE of 0 on a page that is still mapped: the flush of one page", "6.6"
                map     pt_play, 0, 6 * FRAME + (PTE_P | PTE_RW)
                check   "what is read", [PLAY], MARK + 6
                map     pt_play, 0, 7 * FRAME + (PTE_P | PTE_RW)
                drop_pte PLAY
                check   "what is read", [PLAY], MARK + 7

                trying  "a change in the user's part and FLUSH_TLB 0", "2"
                map     pt_play, 0, 8 * FRAME + (PTE_P | PTE_RW)
                hcall   LHCALL_FLUSH_TLB, 0
                check   "what is read", [PLAY], MARK + 8

                trying  "changes in the kernel's part: SET_PTE with any table, FLUSH_TLB 1", "2, 6.4, 16.2"
                mov     dword [pmd_high + 8 * (PLAY >> 21)], pt_kernel_play + (PTE_P | PTE_RW)
                map     pt_kernel_play, 0, 0 * FRAME + (PTE_P | PTE_RW)
                check   "what is read at first", [PLAY_KERNEL], MARK + 0
                map     pt_kernel_play, 0, 1 * FRAME + (PTE_P | PTE_RW)
                hcall   LHCALL_SET_PTE, 0, PLAY_KERNEL, FRAMES + 1 * FRAME + PTE_KERNEL, 0
                check   "after SET_PTE of table 0", [PLAY_KERNEL], MARK + 1
                map     pt_kernel_play, 0, 2 * FRAME + (PTE_P | PTE_RW)
                hcall   LHCALL_FLUSH_TLB, 1
                check   "after FLUSH_TLB 1", [PLAY_KERNEL], MARK + 2

                trying  "another page table in a PMD entry and SET_PGD of its GiB", "6.5, 16.2, 16.4"
                check   "what is read at first", [PLAY], MARK + 8
                mov     dword [pmd_low + 8 * (PLAY >> 21)], pt_far + (PTE_P | PTE_RW | PTE_US)
                hcall   LHCALL_SET_PGD, pdpt, 0
                check   "what is read", [PLAY], MARK + 1
                mov     dword [pmd_low + 8 * (PLAY >> 21)], pt_play + (PTE_P | PTE_RW | PTE_US)
                hcall   LHCALL_SET_PGD, pdpt, 0

                trying  "a top-level entry that goes away and SET_PGD of it", "6.5, 16.2"
                check   "what is read at first", [REMOTE], MARK + 1
                mov     dword [pdpt + 8], 0
                hcall   LHCALL_SET_PGD, pdpt, 1
                faults  14, 0, mov eax, [REMOTE]

                trying  "a second top level, ten times back and forth: each has its own user pages", "2, 6.2"
                mov     eax, [pmd_low]
                mov     [pmd_second], eax
                mov     dword [pmd_second + 8 * (PLAY >> 21)], pt_far + (PTE_P | PTE_RW | PTE_US)
                mov     dword [second], pmd_second + PTE_P
                mov     dword [second + 8 * 3], pmd_high + PTE_P
                mov     edi, 10
.switch:        hcall   LHCALL_NEW_PGTABLE, second
                check   "in the second one", [PLAY], MARK + 1
                check   "in the kernel's part", [PLAY_KERNEL], MARK + 2
                hcall   LHCALL_NEW_PGTABLE, pdpt
                check   "in the first one", [PLAY], MARK + 8
                dec     edi
                jnz     .switch

                trying  "SET_PTE of the table that is not current", "6.4"
                map     pt_far, 0, 9 * FRAME + (PTE_P | PTE_RW)
                hcall   LHCALL_SET_PTE, second, PLAY, FRAMES + 9 * FRAME + (PTE_P | PTE_RW), 0
                check   "in the first one", [PLAY], MARK + 8
                hcall   LHCALL_NEW_PGTABLE, second
                check   "in the second one", [PLAY], MARK + 9
                hcall   LHCALL_NEW_PGTABLE, pdpt

                trying  "six more top levels: more than a host keeps at a time", "6.2, 16.3"
                mov     edi, tops
.top:           mov     eax, [second]
                mov     [edi], eax
                mov     eax, [second + 8 * 3]
                mov     [edi + 8 * 3], eax
                hcall   LHCALL_NEW_PGTABLE, edi
                check   "its user page", [PLAY], MARK + 9
                check   "its kernel page", [PLAY_KERNEL], MARK + 2
                add     edi, 32
                cmp     edi, tops + 6 * 32
                jb      .top
                hcall   LHCALL_NEW_PGTABLE, pdpt
                check   "the first one's user page", [PLAY], MARK + 8

                trying  "a write to the last page of the address space: the host's, a fault", "6.3, 6.8, 11"
                resumes mov [TOP_PAGE], eax
                check   "vector", [trap + frame.vector], 14
                check_bits "error code but for P: a write at ring 1", [trap + frame.error], ~1, 2
                check   "lguest_data.cr2", [data + DATA_cr2], TOP_PAGE
                done

; The way out in the two-level view, where memory can't be written.
two_level:      hcall   LHCALL_NOTIFY, needs_pae
                hcall   LHCALL_SHUTDOWN, exit_1, LGUEST_POWEROFF

                section .rodata
needs_pae:      db      "  FAIL: this host reads two-level page tables, and the ladder needs PAE (ABI 16.1)", 10, 0

                section .bss
scratch:        resd    1
                alignb  4096
hybrid_top:     resb    4096
hybrid:         resb    4096
pt_play:        resb    4096
pt_kernel_play: resb    4096
pmd_far:        resb    4096
pt_far:         resb    4096
pmd_second:     resb    4096
second:         resb    32
tops:           resb    6 * 32
