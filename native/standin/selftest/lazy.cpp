// Host mistakes that eager streams hide and lazy ones show.
#include "harness.h"

void testLazy() {
    void *one = nullptr, *two = nullptr, *event = nullptr, *pinned = nullptr;
    OK(cuStreamCreate(&one, 1));
    OK(cuStreamCreate(&two, 1));
    OK(cuEventCreate(&event, 2));
    OK(cuMemAllocHost_v2(&pinned, 16));
    auto* host = static_cast<unsigned*>(pinned);
    {
        Buffer<unsigned> a(4), b(4);
        host[0] = 1;
        OK(cuMemcpyHtoDAsync_v2(a.data, pinned, 16, one));
        host[0] = 2;
        OK(cuStreamSynchronize(one));
        check(a.read()[0] == 2, "a pinned source that is used again too early shows the new value");

        unsigned pageable[4] = {1, 1, 1, 1};
        OK(cuMemcpyHtoDAsync_v2(a.data, pageable, 16, one));
        pageable[0] = 2;
        OK(cuStreamSynchronize(one));
        check(a.read()[0] == 1, "a pageable source is staged at the call");

        OK(cuMemsetD32_v2(a.data, 0, 4));
        OK(cuMemsetD32_v2(b.data, 0, 4));
        OK(cuMemsetD32Async(a.data, 5, 4, one));
        host[0] = 0;
        OK(cuMemcpyDtoHAsync_v2(pinned, a.data, 16, two));
        OK(cuStreamSynchronize(two));
        check(host[0] == 0, "without an event the other stream's work has not happened");
        OK(cuEventRecord(event, one));
        check(cuEventQuery(event) == 600 && cuEventQuery(event) == 0, "a query says not ready once and ends");
        OK(cuMemsetD32Async(a.data, 6, 4, one));
        OK(cuEventRecord(event, one));
        OK(cuStreamWaitEvent(two, event, 0));
        OK(cuMemcpyDtoHAsync_v2(pinned, a.data, 16, two));
        check(host[0] == 0, "the host reads too early");
        OK(cuStreamSynchronize(two));
        check(host[0] == 6, "with the event the order holds");
        check(cuStreamQuery(two) == 0, "nothing is left");
    }
    OK(cuMemFreeHost(pinned));
    OK(cuEventDestroy_v2(event));
    OK(cuStreamDestroy_v2(one));
    OK(cuStreamDestroy_v2(two));
}
