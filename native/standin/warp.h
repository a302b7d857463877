#pragma once

namespace standin {

// Forgets the rendezvous of the block before.
void beginWarps(unsigned threads);

}  // namespace standin
