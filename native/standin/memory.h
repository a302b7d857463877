// Device and pinned host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace standin {

enum class Space { Device, Host };

constexpr size_t DeviceBytes = size_t{4} << 30;  // a limit is enforced, so that running out of memory can be tested

// What this process can take of them: all, or what WEIGHTMEM_STANDIN_FREE says where another process has the rest.
size_t availableBytes();

// Null when the device is full. Filled with 0xFF: NaN in every floating-point format.
void* allocate(Space space, size_t bytes);

// 0, or the error of a pointer that was freed before or never allocated, or the damage found around the memory.
int release(Space space, void* pointer);

size_t deviceBytesInUse();
size_t deviceBytesHigh();

// 0 if [pointer, pointer + bytes) lies within one live device allocation; otherwise an error whose reason is kept.
int checkDeviceRange(const void* pointer, size_t bytes, const char* what);

// Whether the range is pinned: allocated as host memory or registered.
bool isPinned(const void* pointer, size_t bytes);
int registerHost(void* pointer, size_t bytes);
int unregisterHost(void* pointer);

// For instrumented kernels: is every byte of the access inside a live allocation? Fast. Unknown: not in these arenas at all.
enum class Access { Inside, Outside, Unknown };
Access classify(const void* pointer, size_t bytes);

// " = 16 bytes after the end of a 400-byte allocation", or "" if nothing is near.
std::string describeAddress(const void* pointer);

// One line for each live allocation; returns their number.
int listLeaks(std::string* text);

// As when a context dies: all device memory goes.
void releaseAllDeviceMemory();

}  // namespace standin
