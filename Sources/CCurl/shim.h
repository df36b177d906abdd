#ifndef BERTH_CCURL_SHIM_H
#define BERTH_CCURL_SHIM_H

// Declarations only: the library itself is loaded when the first request is made. It brings two dozen others with it,
// which would make every start of the program slower.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Swift calls no function with variable arguments; each shim calls one that was found in the loaded library.
typedef CURLcode (*berth_setopt)(CURL *, CURLoption, ...);
typedef CURLcode (*berth_getinfo)(CURL *, CURLINFO, ...);
typedef size_t (*berth_receive)(char *, size_t, size_t, void *);
typedef int (*berth_progress)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
typedef curl_socket_t (*berth_open_socket)(void *, curlsocktype, struct curl_sockaddr *);

static inline CURLcode berth_set_long(void *set, CURL *handle, CURLoption option, long value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_set_size(void *set, CURL *handle, CURLoption option, curl_off_t value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_set_pointer(void *set, CURL *handle, CURLoption option, const void *value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_set_receive(void *set, CURL *handle, CURLoption option, berth_receive value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_set_progress(void *set, CURL *handle, CURLoption option, berth_progress value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_set_open_socket(void *set, CURL *handle, CURLoption option, berth_open_socket value) {
    return ((berth_setopt)set)(handle, option, value);
}
static inline CURLcode berth_get_long(void *get, CURL *handle, CURLINFO info, long *value) {
    return ((berth_getinfo)get)(handle, info, value);
}
static inline CURLcode berth_get_pointer(void *get, CURL *handle, CURLINFO info, void **value) {
    return ((berth_getinfo)get)(handle, info, value);
}

#endif
