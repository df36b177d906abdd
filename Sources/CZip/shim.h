#ifndef BERTH_CZIP_SHIM_H
#define BERTH_CZIP_SHIM_H

#include <zip.h>

#endif
