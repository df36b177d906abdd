#ifndef BERTH_CSQLITE_SHIM_H
#define BERTH_CSQLITE_SHIM_H

#include <sqlite3.h>

// The library copies what it is given before the call returns.
static inline sqlite3_destructor_type berth_sqlite_transient(void) { return SQLITE_TRANSIENT; }

#endif
