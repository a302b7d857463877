// Looks at the text of kernels.
#pragma once

#include <string>
#include <vector>

namespace standin {

// Names of the extern "C" kernels that a preprocessed source defines.
std::vector<std::string> findKernels(const std::string& preprocessed);

// Breaches of the rules in kernels/README.md that g++ would let pass, as lines of a log; empty if there are none.
std::string lint(const std::string& name, const std::string& text);

}  // namespace standin
