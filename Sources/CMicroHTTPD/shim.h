#ifndef BERTH_CMICROHTTPD_SHIM_H
#define BERTH_CMICROHTTPD_SHIM_H

// Declarations only: the libraries themselves are loaded when a server starts, so that every other command starts as
// fast as it did without them.
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

// What takes any number of arguments cannot be called from Swift.
typedef struct MHD_Daemon *(*berth_mhd_start_function)(
    unsigned int, uint16_t, MHD_AcceptPolicyCallback, void *, MHD_AccessHandlerCallback, void *, ...);
typedef const union MHD_ConnectionInfo *(*berth_mhd_info_function)(
    struct MHD_Connection *, enum MHD_ConnectionInfoType, ...);

static inline struct MHD_Daemon *berth_mhd_start(
    void *function, unsigned int flags, MHD_AcceptPolicyCallback accept, MHD_AccessHandlerCallback handle,
    void *context, struct MHD_OptionItem *options) {
    return ((berth_mhd_start_function)function)(
        flags, 0, accept, context, handle, context, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static inline const union MHD_ConnectionInfo *berth_mhd_info(
    void *function, struct MHD_Connection *connection, enum MHD_ConnectionInfoType type) {
    return ((berth_mhd_info_function)function)(connection, type);
}

// The flags are enumerators of an open set, which Swift takes for a closed one.
static inline unsigned int berth_mhd_flags(int is_encrypted) {
#ifdef __linux__
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD;
#else
    unsigned int flags = MHD_USE_POLL_INTERNAL_THREAD;
#endif
    return flags | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | (is_encrypted ? MHD_USE_TLS : 0);
}

#endif
