; SPDX-License-Identifier: MIT
;
; guest: a multiboot program that stands in for the kernel when the harness is tested.
;
; The first letter after the file name on its command line says how to end: with a word and a value at the debug exit
; port that agree (table), with a contradiction (c, n, m), by a triple fault (t), or never (h). i echoes COM1 until
; Ctrl-D and then ends well. Polls, uses no interrupt, sets up nothing.

                bits    32
                section .text
                align   4
                dd      0x1BADB002, 0, -0x1BADB002

                global  _start
_start:         mov     esp, stack
                mov     ebx, [ebx + 16]         ; multiboot_info.cmdline
.name:          mov     al, [ebx]
                inc     ebx
                cmp     al, ' '
                ja      .name
                mov     dl, [ebx]
                mov     esi, hello
                call    puts
                cmp     dl, 'h'
                je      $
                cmp     dl, 'i'
                je      echo
                mov     edi, table
find:           cmp     byte [edi], 0
                je      triple
                cmp     [edi], dl
                je      .hit
                add     edi, 8
                jmp     find
.hit:           mov     esi, [edi + 4]
                call    puts
                mov     al, [edi + 1]
                out     0xF4, al
triple:         lidt    [no_idt]
                ud2

echo:           mov     dx, 0x3FD
                in      al, dx
                test    al, 1                   ; a byte has come
                jz      echo
                mov     dx, 0x3F8
                in      al, dx
                cmp     al, 4                   ; Ctrl-D
                je      .end
                out     dx, al
                jmp     echo
.end:           mov     esi, newline
                call    puts
                mov     dl, '0'
                mov     edi, table
                jmp     find

puts:           push    edx
                mov     dx, 0x3F8
.next:          lodsb
                test    al, al
                jz      .end
                out     dx, al
                jmp     .next
.end:           pop     edx
                ret

no_idt:         dw      0
                dd      0
hello:          db      "hello", 13, 10, 0
newline:        db      13, 10, 0
nothing:        db      0
exit0:          db      "postern: outcome exit 0", 13, 10, 0
exit7:          db      "postern: outcome exit 7", 13, 10, 0
exit200:        db      "postern: outcome exit 200", 13, 10, 0
restart:        db      "postern: outcome restart", 13, 10, 0
panic:          db      "postern: outcome panic", 13, 10, 0
double:         db      "postern: outcome double-fault", 13, 10, 0
refused:        db      "postern: outcome refused", 13, 10, 0
middle:         db      "postern: outcome exit 0", 13, 10, "postern: more", 13, 10, 0

                align   8                       ; letter, value for the port, text
%macro          end_by  3
                db      %1, %2, 0, 0
                dd      %3
%endmacro
table:          end_by  '0', 0x10, exit0
                end_by  '7', 0x17, exit7
                end_by  '2', 0x50, exit200
                end_by  'r', 4, restart
                end_by  'p', 1, panic
                end_by  'd', 2, double
                end_by  'x', 3, refused
                end_by  'c', 1, exit0
                end_by  'n', 0x10, nothing
                end_by  'm', 0x10, middle
                dq      0

                section .bss
                resb    4096
stack:
