#ifndef BERTH_CPOSTGRESQL_SHIM_H
#define BERTH_CPOSTGRESQL_SHIM_H

// Declarations only: the library itself is loaded when a store on PostgreSQL is opened. It brings two dozen others with
// it, which would make every start of the program slower.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

#endif
