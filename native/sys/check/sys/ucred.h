// For scripts/check-sys.sh only: glibc has no sys/ucred.h. What is in it stands in each shim.h.
#pragma once
