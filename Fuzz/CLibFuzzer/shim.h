#ifndef BERTH_CLIBFUZZER_SHIM_H
#define BERTH_CLIBFUZZER_SHIM_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's entry for programs that have a main of their own; the compiler ships the library without a header.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
