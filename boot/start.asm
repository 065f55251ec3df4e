; SPDX-License-Identifier: MIT
;
; The doors: what a loader looks for in the image, and the first instructions.
;
; Multiboot 1 and 2 and PVH all start in 32-bit protected mode with flat segments, paging and interrupts off, and one
; physical address in ebx. start goes to 0xC0000000 and above: it checks that the CPU can do PAE, maps the first GiB of
; physical memory both at 0 and at KERNEL_BASE with 2 MiB pages (the kernel's own tables, which mm/ refines later), loads
; flat segments with the final numbers and calls boot_main on the boot stack, which is the idle task's.
;
; lguest starts us at the same place as multiboot, but in ring 1: see below.
;
; Before paging is on, symbols of other sections must be reached by PHYS(). bss is zero: every loader of ELF images clears it.

                bits    32

%include "offsets.inc"

%define PHYS(x)         ((x) - KERNEL_BASE)
%define STACK_SIZE      8192
%define STACK_RESERVED  16
%define KERNEL_CS       12 << 3
%define KERNEL_DS       13 << 3

                global  start, kernel_pgd, kernel_pmd, boot_stack, boot_cycles
                extern  boot_main, boot_has_pae, boot_no_pae, idle_task, log_area, lguest_data

; ---- what loaders look for ----

; All of them within the first 8 KiB of the file (multiboot 1; multiboot 2: 32 KiB), which linker.ld sees to. Both headers
; say: the sum of the first words is 0, and the ELF headers tell the rest.
MB1_MAGIC       equ     0x1BADB002
MB1_FLAGS       equ     0x00000003              ; modules on page boundaries, memory map
MB2_MAGIC       equ     0xE85250D6

                section .multiboot progbits alloc noexec nowrite align=8
                dd      MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
                align   8
mb2:            dd      MB2_MAGIC, 0, mb2_end - mb2, -(MB2_MAGIC + (mb2_end - mb2))
                dw      6, 0                    ; modules on page boundaries
                dd      8
                dw      0, 0                    ; end of the tags
                dd      8
mb2_end:

; ELF notes: sizes of name and value, type, name, value. QEMU takes this one for PVH when there is no multiboot header.
                section .note.Xen note alloc noexec nowrite align=4
                dd      4, 4, 18                ; XEN_ELFNOTE_PHYS32_ENTRY
                db      "Xen", 0
                dd      start_pvh

                section .note.Postern note alloc noexec nowrite align=4
                dd      8, 4, 1                 ; where the log is (kernel/log.c)
                db      "Postern", 0
                dd      PHYS(log_area)

; ---- the first instructions, linked at physical addresses ----

                section .boot.text progbits alloc exec nowrite align=16
start:          mov     ecx, DOOR_MULTIBOOT1
                cmp     eax, 0x2BADB002
                je      enter
                mov     ecx, DOOR_MULTIBOOT2
                cmp     eax, 0x36D76289
                je      enter
                mov     ecx, cs
                and     ecx, 3
                cmp     ecx, 1
                je      start_lguest
.unknown:       hlt                             ; no loader that we know, no console that we could trust
                jmp     .unknown

start_pvh:      mov     ecx, DOOR_PVH
enter:          cli
                cld
                mov     esp, PHYS(boot_stack + STACK_SIZE - STACK_RESERVED)
                mov     esi, ebx                ; the loader's structure
                mov     edi, ecx                ; the door
                call    boot_has_pae
                jz      near boot_no_pae        ; refuse.asm, at physical addresses too: says so and stops
                rdtsc
                mov     [PHYS(boot_cycles)], eax
                mov     [PHYS(boot_cycles) + 4], edx

; The kernel's PGD needs its entries 0 (where we run) and 3 (where we go) only; both show the same PMD page.
; All 512 entries of the one PMD page: 2 MiB each, present, writable, large
                mov     eax, 0x83
                mov     ecx, PHYS(kernel_pmd)
.fill:          mov     [ecx], eax
                add     ecx, 8
                add     eax, 0x200000
                cmp     eax, 0x40000083
                jne     .fill
                mov     eax, PHYS(kernel_pmd) + 1
                mov     [PHYS(kernel_pgd)], eax
                mov     [PHYS(kernel_pgd) + 24], eax

                mov     eax, 0x30               ; PAE, and PSE with it (some emulators insist); nothing that the loader used, least of all
                mov     cr4, eax                ; OSXSAVE, which tells programs that somebody saves the registers of AVX
                mov     eax, PHYS(kernel_pgd)
                mov     cr3, eax
                lgdt    [PHYS(boot_gdt_pointer)]
                mov     eax, cr0
                or      eax, 0x80000001
                mov     cr0, eax
                jmp     KERNEL_CS:high

; ---- lguest: ring 1, linear mode, all registers zero, boot_params at 0 (lguest.md 4) ----

; hypercall NUMBER, EBX, ECX
%macro hypercall 1-3 0, 0
                mov     eax, %1
                mov     ebx, %2
                mov     ecx, %3
                int     LGUEST_VECTOR
%endmacro

ENTRY_FLAGS     equ     0x63                    ; present, writable, accessed, dirty
PAGE_4K         equ     4096
TRIAL           equ     PHYS(boot_stack)        ; two pages, see below
OWN_PAGE        equ     0x100000                ; all of .boot lies in it (linker.ld)
PROBE           equ     OWN_PAGE + PAGE_4K      ; a virtual address beside it

; The first BOOT_LGUEST_MAPPED bytes, at 0 and at KERNEL_BASE, by 4 KiB: there are no large pages.
start_lguest:   cld
                hypercall LHCALL_INIT, PHYS(lguest_data)
                mov     edi, PHYS(not_zero_text)
                cmp     dword [PHYS(kernel_pgd) + 12], 0 ; of the bss, which the host left as it was: memory is zero (4.1)
                jne     .refuse
                rdtsc
                mov     [PHYS(boot_cycles)], eax
                mov     [PHYS(boot_cycles) + 4], edx
                mov     edi, PHYS(lguest_tables)
                mov     eax, ENTRY_FLAGS
.pages:         mov     [edi], eax
                add     edi, 8
                add     eax, PAGE_4K
                cmp     eax, BOOT_LGUEST_MAPPED + ENTRY_FLAGS
                jne     .pages
                mov     edi, PHYS(kernel_pmd)
                mov     eax, PHYS(lguest_tables) + ENTRY_FLAGS
.tables:        mov     [edi], eax
                add     edi, 8
                add     eax, PAGE_4K
                cmp     eax, PHYS(lguest_tables.end) + ENTRY_FLAGS
                jne     .tables
                mov     eax, PHYS(kernel_pmd) + 1
                mov     [PHYS(kernel_pgd)], eax
                mov     [PHYS(kernel_pgd) + 24], eax

; Nobody tells what format of tables the host reads, so we try (16.1): two pages that make sense in both. Page 0 is PDPT and page table of
; the one, page directory of the other; page 1 is its PMD page, or page table. Both show the page that we run in, and PROBE as page
; 0 or as page 1. While they are loaded nothing may be written.
                mov     dword [TRIAL], TRIAL + PAGE_4K + 1
                mov     dword [TRIAL + PAGE_4K], TRIAL + 1
                mov     dword [TRIAL + (OWN_PAGE >> 12) * 8], OWN_PAGE + 1
                mov     dword [TRIAL + (PROBE >> 12) * 8], TRIAL + 1
                mov     dword [TRIAL + PAGE_4K + (OWN_PAGE >> 12) * 4], OWN_PAGE + 1
                mov     dword [TRIAL + PAGE_4K + (PROBE >> 12) * 4], TRIAL + PAGE_4K + 1
                hypercall LHCALL_NEW_PGTABLE, TRIAL
                mov     edi, PHYS(no_pae_text)
                cmp     dword [PROBE], TRIAL + PAGE_4K + 1
                jne     .refuse
                hypercall LHCALL_NEW_PGTABLE, PHYS(kernel_pgd)
                mov     edi, DOOR_LGUEST
                mov     eax, on_boot_stack
                jmp     eax
.refuse:        hypercall LHCALL_NOTIFY, edi
                hypercall LHCALL_SHUTDOWN, PHYS(refused_text), LGUEST_POWEROFF
.never:         hypercall LHCALL_HALT
                jmp     .never

; From here on at the addresses that the kernel is linked to. ebp 0 ends backtraces.
                section .text
high:           mov     eax, KERNEL_DS
                mov     ds, eax
                mov     es, eax
                mov     ss, eax
                xor     eax, eax
                mov     fs, eax
                mov     gs, eax
                lldt    ax
                lgdt    [boot_gdt_pointer_high]
on_boot_stack:  mov     esp, boot_stack + STACK_SIZE - STACK_RESERVED
                mov     dword [boot_stack + STACK_SIZE - 4], idle_task
                xor     ebp, ebp
                mov     eax, edi
                mov     edx, esi
                call    boot_main
.never:         hlt
                jmp     .never

; As long as it takes until desc_init loads the real one: the same numbers, so that no selector changes then. Paging comes
; with a jump into high memory, where the low address of the table is about to vanish: hence the second pointer.
                section .rodata
                align   8
boot_gdt:       times   12 dq 0
                dq      0x00CF9B000000FFFF      ; 12: code, flat
                dq      0x00CF93000000FFFF      ; 13: data, flat
boot_gdt_end:
boot_gdt_pointer:
                dw      boot_gdt_end - boot_gdt - 1
                dd      PHYS(boot_gdt)
boot_gdt_pointer_high:
                dw      boot_gdt_end - boot_gdt - 1
                dd      boot_gdt

no_pae_text:    db      "refused: lguest: the host reads page tables of two levels, Postern has three (PAE)", 10, 0
not_zero_text:  db      "refused: lguest: memory behind the image is not zero", 10, 0
refused_text:   db      "postern: outcome refused", 0

; The stack is aligned to its size, and its top word says whose it is: so `current` is found from esp (kernel/task.h).
                section .bss
                alignb  8192
boot_stack:     resb    STACK_SIZE
                alignb  4096
kernel_pmd:     resb    4096
lguest_tables:  resb    BOOT_LGUEST_MAPPED / 512
.end:
kernel_pgd:     resb    32
boot_cycles:    resq    1                       ; the time-stamp counter at the door

                section .note.GNU-stack noalloc noexec nowrite progbits
