/* The receipt as a QR code. */
#ifndef KIOSK_RECEIPT_H
#define KIOSK_RECEIPT_H

#include "base/arena.h"

/* SVG path data of TEXT as a QR code (level M, four modules of quiet zone), one unit a module; *SIZE: modules of
 * one side, quiet zone included. "" if it cannot be made. */
const char *receipt_qr(const char *text, struct arena *a, unsigned *size);

#endif
