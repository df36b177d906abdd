#ifndef BERTH_CSQLITE_SHIM_H
#define BERTH_CSQLITE_SHIM_H

#include <sqlite3.h>

// The library copies what it is given before the call returns.
static inline sqlite3_destructor_type berth_sqlite_transient(void) { return SQLITE_TRANSIENT; }

// Nobody asks how much memory it takes, and to count that locks all connections out of each other.
static inline int berth_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

#endif
