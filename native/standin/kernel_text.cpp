#include "kernel_text.h"

#include <cctype>
#include <cstring>
#include <set>

namespace standin {
namespace {

// How shim.cuh spells __global__.
const char KernelMark[] = "__attribute__((__used__, __noclone__))";

bool isWord(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Comments and the insides of literals become blanks; line ends stay.
std::string withoutComments(const std::string& text) {
    std::string out = text;
    for (size_t i = 0; i < out.size(); i++) {
        if (out[i] == '/' && i + 1 < out.size() && out[i + 1] == '/') {
            while (i < out.size() && out[i] != '\n') out[i++] = ' ';
        } else if (out[i] == '/' && i + 1 < out.size() && out[i + 1] == '*') {
            size_t end = out.find("*/", i + 2);
            if (end == std::string::npos) end = out.size() - 2;
            for (; i < end + 2; i++) {
                if (out[i] != '\n') out[i] = ' ';
            }
            i--;
        } else if (out[i] == '"' || (out[i] == '\'' && (i == 0 || !isWord(out[i - 1])))) {
            char quote = out[i];
            for (i++; i < out.size() && out[i] != quote && out[i] != '\n'; i++) {
                if (out[i] == '\\') out[i++] = ' ';
                if (i < out.size()) out[i] = ' ';
            }
        }
    }
    return out;
}

bool hasWord(const std::string& line, const std::string& word, size_t* at) {
    for (size_t i = *at; (i = line.find(word, i)) != std::string::npos; i++) {
        bool begins = i == 0 || !isWord(line[i - 1]);
        bool ends = !isWord(word.back()) || word.back() == '_' || i + word.size() >= line.size() || !isWord(line[i + word.size()]);
        if (begins && ends) {
            *at = i + word.size();
            return true;
        }
    }
    return false;
}

struct Banned {
    const char* word;
    const char* reason;
};

const Banned banned[] = {
    {"std::", "NVRTC has no standard library"},       {"__int128", "NVRTC does not take it by default"},
    {"long double", "device code has none"},          {"thread_local", "device code has none"},
    {"__builtin_", "a host compiler's own function"}, {"__dp4a", "unresolved under some NVRTC versions"},
    {"CUDART_", "defined in a toolkit header only"},  {"__activemask", "names lanes by accident; give the exact mask"},
    {"throw", "device code has no exceptions"},
};

}  // namespace

std::vector<std::string> findKernels(const std::string& text) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (size_t at = 0; (at = text.find(KernelMark, at)) != std::string::npos;) {
        size_t begin = at;
        at += sizeof KernelMark - 1;
        // From the end of the declaration before, or of a line marker, to the mark.
        size_t from = text.find_last_of(";{}", begin);
        std::string before = text.substr(from == std::string::npos ? 0 : from + 1, begin - (from == std::string::npos ? 0 : from + 1));
        if (before.find("extern \"C\"") == std::string::npos || before.find("template") != std::string::npos) continue;
        size_t open = text.find('(', at);
        if (open == std::string::npos) break;
        size_t end = open;
        while (end > at && !isWord(text[end - 1])) end--;
        size_t start = end;
        while (start > at && isWord(text[start - 1])) start--;
        int depth = 0;
        size_t close = open;
        for (; close < text.size(); close++) {
            depth += text[close] == '(' ? 1 : text[close] == ')' ? -1 : 0;
            if (depth == 0) break;
        }
        size_t next = text.find_first_not_of(" \t\r\n", close + 1);
        if (next == std::string::npos || text[next] == ';') continue;  // only declared
        std::string name = text.substr(start, end - start);
        if (seen.insert(name).second) names.push_back(name);
    }
    return names;
}

std::string lint(const std::string& name, const std::string& text) {
    std::string code = withoutComments(text);
    std::string log;
    int number = 0;
    auto report = [&](const std::string& reason) { log += name + ":" + std::to_string(number) + ": error: " + reason + "\n"; };
    for (size_t begin = 0; begin < code.size();) {
        size_t end = code.find('\n', begin);
        if (end == std::string::npos) end = code.size();
        std::string line = code.substr(begin, end - begin);
        begin = end + 1;
        number++;
        for (const Banned& b : banned) {
            size_t at = 0;
            if (hasWord(line, b.word, &at)) report(std::string("'") + b.word + "' is not for kernels: " + b.reason);
        }
        size_t include = line.find("#include");
        if (include != std::string::npos && line.find('<', include) != std::string::npos)
            report("no toolkit or standard header may be included");
        size_t at = 0;
        if (hasWord(line, "__syncthreads", &at) && hasWord(line, "__syncthreads", &at)) report("two barriers in one line");
        at = 0;
        if (hasWord(line, "__shared__", &at)) {
            size_t stop = line.find(';', at);
            if (line.substr(at, stop == std::string::npos ? stop : stop - at).find('=') != std::string::npos)
                report("__shared__ memory has no initialiser");
        }
    }
    return log;
}

}  // namespace standin
