#ifndef BERTH_CPCSC_SHIM_H
#define BERTH_CPCSC_SHIM_H

// The library is named by pkg-config (libpcsclite) or, on Apple's systems, by the framework that Package.swift links.
#ifdef __APPLE__
#include <PCSC/winscard.h>
#include <PCSC/wintypes.h>
#else
#include <winscard.h>
#endif

#endif
