#include "modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

#include "calls.h"
#include "memory.h"
#include "streams.h"

namespace standin {
namespace {

std::set<Module*> modules;
std::set<Function*> functions;  // of all live modules

bool readFile(const std::string& path, std::string* content) {
    FILE* file = fopen(path.c_str(), "rb");
    if (!file) return false;
    char buffer[65536];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) content->append(buffer, n);
    fclose(file);
    return true;
}

const char ImageMark[] = "// CPU stand-in module, no PTX and no machine code of a GPU\n// file ";

}  // namespace

std::vector<Symbol> readVariables(const std::string& path) {
    std::vector<Symbol> found;
    std::string file;
    if (!readFile(path, &file) || file.size() < sizeof(Elf64_Ehdr)) return found;
    auto* header = reinterpret_cast<const Elf64_Ehdr*>(file.data());
    if (header->e_shoff + size_t{header->e_shnum} * sizeof(Elf64_Shdr) > file.size()) return found;
    auto* sections = reinterpret_cast<const Elf64_Shdr*>(file.data() + header->e_shoff);
    for (int s = 0; s < header->e_shnum; s++) {
        if (sections[s].sh_type != SHT_SYMTAB) continue;
        auto* symbols = reinterpret_cast<const Elf64_Sym*>(file.data() + sections[s].sh_offset);
        const char* names = file.data() + sections[sections[s].sh_link].sh_offset;
        for (size_t i = 0; i < sections[s].sh_size / sizeof(Elf64_Sym); i++) {
            const Elf64_Sym& symbol = symbols[i];
            if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= header->e_shnum) continue;
            const Elf64_Shdr& section = sections[symbol.st_shndx];
            found.push_back(
                {names + symbol.st_name, symbol.st_value, symbol.st_size, section.sh_type == SHT_NOBITS, !(section.sh_flags & SHF_WRITE)});
        }
    }
    return found;
}

bool isShared(const Symbol& symbol) { return symbol.zeroed && symbol.name.compare(0, 3, "_ZZ") == 0; }

bool belongsTo(const Symbol& symbol, const std::string& kernel) {
    std::string prefix = "_ZZ" + std::to_string(kernel.size()) + kernel + "E";
    return symbol.name.compare(0, prefix.size(), prefix) == 0;
}

std::string imageText(const std::string& path, const std::vector<std::string>& kernels) {
    std::string text = ImageMark + path + "\n";
    for (const std::string& kernel : kernels) text += "// kernel " + kernel + "\n";
    return text;
}

std::string pathOfImage(const char* image) {
    if (strncmp(image, ImageMark, sizeof ImageMark - 1) != 0) return "";
    const char* begin = image + sizeof ImageMark - 1;
    const char* end = strchr(begin, '\n');
    return end ? std::string(begin, end) : "";
}

bool isModuleVariable(const void* address, size_t bytes) {
    long offset = 0;
    const Symbol* symbol = nearestVariable(address, &offset);
    return symbol && static_cast<size_t>(offset) + bytes <= symbol->size;
}

const Symbol* nearestVariable(const void* address, long* offset) {
    const Symbol* best = nullptr;
    for (Module* module : modules) {
        Dl_info info;
        if (dladdr(address, &info) == 0 || info.dli_fbase != module->base) continue;
        auto place = static_cast<size_t>(static_cast<const char*>(address) - module->base);
        for (const Symbol& symbol : module->variables) {
            if (symbol.offset <= place && (!best || symbol.offset > best->offset)) best = &symbol;
        }
        if (best) *offset = static_cast<long>(place - best->offset);
        break;
    }
    return best;
}

bool isModuleData(const void* address) {
    Dl_info info;
    return dladdr(address, &info) != 0;
}

int listModuleLeaks(std::string* text) {
    for (Module* module : modules) *text += "module " + module->path + "\n";
    return static_cast<int>(modules.size());
}

Function* findFunction(void* handle) {
    auto* function = static_cast<Function*>(handle);
    return functions.count(function) ? function : nullptr;
}

}  // namespace standin

using namespace standin;

namespace {

void addFunctions(Module* module, const standin_kernel* kernels, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        Function function;
        function.module = module;
        function.name = kernels[i].name;
        function.kernel = &kernels[i];
        for (const Symbol& symbol : module->variables) {
            if (!isShared(symbol)) continue;
            bool own = belongsTo(symbol, function.name);
            bool others = false;
            for (unsigned k = 0; k < count && !own; k++) others = others || belongsTo(symbol, kernels[k].name);
            // What belongs to no kernel by name is a template's or a helper's: it may be used by any.
            if (others) continue;
            function.shared.push_back({module->base + symbol.offset, symbol.size});
            if (own) function.staticShared += symbol.size;
        }
        Function& kept = module->functions[function.name] = function;
        functions.insert(&kept);
    }
}

}  // namespace

STANDIN_EXPORT CUresult cuModuleLoadDataEx(void** out, const void* image, unsigned, int*, void**) {
    CUDA_CALL(Uncaptured);
    if (!out || !image) return CUDA_ERROR_INVALID_VALUE;
    std::string path = pathOfImage(static_cast<const char*>(image));
    if (path.empty()) return fail(CUDA_ERROR_INVALID_PTX, "the image was not made by the stand-in's NVRTC");
    auto module = std::make_unique<Module>();
    module->path = path;
    module->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module->handle) return fail(CUDA_ERROR_INVALID_PTX, "cannot load the module: %s", dlerror());
    auto* kernels = static_cast<const standin_kernel*>(dlsym(module->handle, "standin_kernels"));
    auto* count = static_cast<const unsigned*>(dlsym(module->handle, "standin_kernel_count"));
    link_map* map = nullptr;
    if (!kernels || !count || dlinfo(module->handle, RTLD_DI_LINKMAP, &map) != 0) {
        dlclose(module->handle);
        return fail(CUDA_ERROR_INVALID_PTX, "%s is no module of the stand-in", path.c_str());
    }
    module->base = reinterpret_cast<char*>(map->l_addr);
    module->variables = readVariables(path);
    addFunctions(module.get(), kernels, *count);
    modules.insert(module.get());
    *out = module.release();
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuModuleLoadData(void** out, const void* image) {
    CUDA_CALL(Uncaptured);
    return cuModuleLoadDataEx(out, image, 0, nullptr, nullptr);
}

STANDIN_EXPORT CUresult cuModuleUnload(void* handle) {
    CUDA_CALL(Context);
    auto* module = static_cast<Module*>(handle);
    if (!modules.count(module)) return fail(CUDA_ERROR_INVALID_HANDLE, "cuModuleUnload of no live module");
    flushAll();
    modules.erase(module);
    for (auto& [name, function] : module->functions) functions.erase(&function);
    dlclose(module->handle);
    delete module;
    return stickyError();
}

STANDIN_EXPORT CUresult cuModuleGetFunction(void** out, void* handle, const char* name) {
    CUDA_CALL(Healthy);
    auto* module = static_cast<Module*>(handle);
    if (!modules.count(module)) return CUDA_ERROR_INVALID_HANDLE;
    auto it = module->functions.find(name);
    if (it == module->functions.end()) return fail(CUDA_ERROR_NOT_FOUND, "module has no kernel %s", name);
    *out = &it->second;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuModuleGetGlobal_v2(void** address, size_t* bytes, void* handle, const char* name) {
    CUDA_CALL(Healthy);
    auto* module = static_cast<Module*>(handle);
    if (!modules.count(module)) return CUDA_ERROR_INVALID_HANDLE;
    for (const Symbol& symbol : module->variables) {
        if (symbol.name != name) continue;
        if (address) *address = module->base + symbol.offset;
        if (bytes) *bytes = symbol.size;
        return CUDA_SUCCESS;
    }
    return fail(CUDA_ERROR_NOT_FOUND, "module has no variable %s", name);
}
