; SPDX-License-Identifier: MIT
;
; The refusal of a CPU without PAE: the kernel proper can't run, so this prints the two lines by itself.
;
; Runs at physical addresses with paging off, on CPUs that may be as old as a 386 and know neither CPUID nor CMOV. COM1
; is programmed (115200 baud, 8n1) because nobody has done it yet; the value at the debug exit port is that of outcome
; "refused" (DESIGN section 8), which drivers/serial.c and the native shutdown would have said in the same words.

                bits    32

%define PHYS(x)         ((x) - 0xC0000000)
%define COM1            0x3F8
%define EXIT_PORT       0xF4
%define REFUSED         3

                global  boot_no_pae

                section .boot.text progbits alloc exec nowrite align=16
; What to write is a list of pairs, register and value, as in drivers/serial.c: interrupts off, divisor 1, 8n1, FIFO on.
boot_no_pae:    mov     esi, PHYS(setup)
.set:           lodsb                           ; register, value; 0xFF ends
                cmp     al, 0xFF
                je      .print
                movzx   edx, al
                add     edx, COM1
                lodsb
                out     dx, al
                jmp     .set
.print:         mov     esi, PHYS(text)
.next:          lodsb
                test    al, al
                jz      .end
                mov     ah, al
                mov     ecx, 100000             ; a line without a UART must not hold us for ever
                mov     edx, COM1 + 5
; loopz: on while the line is busy (ZF set) and patience lasts.
.wait:          in      al, dx
                test    al, 0x20                ; room for a byte
                loopz   .wait
                mov     edx, COM1
                mov     al, ah
                out     dx, al
                jmp     .next
; Ends QEMU where its debug exit is; elsewhere the line stands on the console and the machine stops.
.end:           mov     al, REFUSED
                out     EXIT_PORT, al
.halt:          cli
                hlt
                jmp     .halt

                section .rodata
setup:          db      1, 0x00, 3, 0x80, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0x07, 0xFF
text:           db      "boot: this CPU has no PAE (physical address extension), which Postern needs", 13, 10
                db      "postern: outcome refused", 13, 10, 0

                section .note.GNU-stack noalloc noexec nowrite progbits
