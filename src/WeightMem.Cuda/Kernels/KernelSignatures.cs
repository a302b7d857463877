namespace WeightMem.Cuda.Kernels;

/// <summary>
/// Reads the declarations <c>extern "C" __global__ void name(parameters)</c> out of a source. Parameters are values and single pointers
/// with names. Preprocessor lines are skipped, not evaluated; templates have no <c>extern "C"</c> and are passed over. The launch stubs
/// are generated from the same text, so this file also compiles as part of the generator.
/// </summary>
public static class KernelSignatures
{
    private static readonly string[] TypeWords =
        ["unsigned", "signed", "char", "short", "int", "long", "float", "double", "bool", "void", "struct"];

    /// <summary>Reads the kernels of a source.</summary>
    /// <param name="source">The source.</param>
    /// <returns>The kernels in order.</returns>
    /// <exception cref="KernelSignatureException">A kernel is declared in a form that launch stubs do not support, or twice.</exception>
    public static IReadOnlyList<KernelSignature> Parse(string source)
    {
        var tokens = Tokens(source ?? throw new ArgumentNullException(nameof(source)));
        var kernels = new List<KernelSignature>();
        for (var i = 2; i < tokens.Count; i++)
        {
            if (tokens[i] == "__global__" && tokens[i - 1] == "\"C\"" && tokens[i - 2] == "extern")
                kernels.Add(ParseKernel(tokens, i + 1));
        }

        foreach (var twice in kernels.GroupBy(kernel => kernel.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
            throw new KernelSignatureException($"kernel '{twice.Key}' is declared {twice.Count()} times");
        return kernels;
    }

    private static KernelSignature ParseKernel(List<string> tokens, int at)
    {
        at = SkipBounds(tokens, at);
        if (At(tokens, at) != "void")
            throw new KernelSignatureException($"a kernel returns void, found '{At(tokens, at)}' after __global__");
        at = SkipBounds(tokens, at + 1);
        var name = At(tokens, at);
        if (!IsName(name) || At(tokens, at + 1) != "(")
            throw new KernelSignatureException($"expected a kernel's name and '(', found '{name} {At(tokens, at + 1)}'");
        var parameters = new List<KernelParameter>();
        var words = new List<string>();
        for (at += 2; ; at++)
        {
            var token = At(tokens, at);
            if (token.Length == 0)
                throw new KernelSignatureException($"kernel '{name}' has no ')' after its parameters");
            if (token is not ("," or ")"))
            {
                words.Add(token);
                continue;
            }

            var none = token == ")" && parameters.Count == 0 && (words.Count == 0 || (words.Count == 1 && words[0] == "void"));
            if (!none)
                parameters.Add(ParseParameter(name, words));
            words.Clear();
            if (token == ")")
                return new KernelSignature(name, parameters);
        }
    }

    // __launch_bounds__(256, 2) may stand before or after void.
    private static int SkipBounds(List<string> tokens, int at)
    {
        if (At(tokens, at) != "__launch_bounds__")
            return at;
        var depth = 0;
        for (at++; at < tokens.Count; at++)
        {
            if (tokens[at] == "(")
                depth++;
            else if (tokens[at] == ")" && --depth == 0)
                return at + 1;
        }

        return at;
    }

    private static KernelParameter ParseParameter(string kernel, List<string> words)
    {
        var written = string.Join(" ", words);
        var star = words.IndexOf("*");
        if (star != words.LastIndexOf("*") || words.Any(word => word is "&" or "[" or "<" or "=" or "(" or "::" or "..."))
        {
            throw new KernelSignatureException(
                $"kernel '{kernel}': parameter '{written}' is not a value or a single pointer");
        }

        var name = words.Count > 1 ? words[words.Count - 1] : "";
        if (!IsName(name) || TypeWords.Contains(name) || name is "const" or "__restrict__")
            throw new KernelSignatureException($"kernel '{kernel}': parameter '{written}' has no name");
        var typeEnd = star >= 0 ? star : words.Count - 1;
        var type = words.Take(typeEnd).Where(word => word is not ("const" or "struct")).ToArray();
        var qualifiers = star >= 0 ? words.Skip(star + 1).Take(words.Count - star - 2).ToArray() : [];
        if (type.Length == 0 || !type.All(IsName) || qualifiers.Any(word => word is not ("const" or "__restrict__")))
            throw new KernelSignatureException($"kernel '{kernel}': parameter '{written}' has a type that is not understood");
        var isConst = star >= 0 && words.Take(star).Contains("const");
        return new KernelParameter(name, string.Join(" ", type), star >= 0, isConst);
    }

    private static List<string> Tokens(string source)
    {
        var tokens = new List<string>();
        var lineStart = true;
        for (var i = 0; i < source.Length;)
        {
            var c = source[i];
            if (c == '\n')
            {
                lineStart = true;
                i++;
            }
            else if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (c == '/' && i + 1 < source.Length && source[i + 1] == '/')
            {
                i = EndOfLine(source, i);
            }
            else if (c == '/' && i + 1 < source.Length && source[i + 1] == '*')
            {
                var end = source.IndexOf("*/", i + 2, StringComparison.Ordinal);
                i = end < 0 ? source.Length : end + 2;
            }
            else if (c == '#' && lineStart)
            {
                i = EndOfLine(source, i);
            }
            else
            {
                lineStart = false;
                var length = TokenLength(source, i);
                tokens.Add(source.Substring(i, length));
                i += length;
            }
        }

        return tokens;
    }

    // A line that ends in a backslash goes on in the next.
    private static int EndOfLine(string source, int at)
    {
        for (; at < source.Length && source[at] != '\n'; at++)
        {
            if (source[at] == '\\' && at + 1 < source.Length && source[at + 1] is '\n' or '\r')
                at += source[at + 1] == '\r' && at + 2 < source.Length && source[at + 2] == '\n' ? 2 : 1;
        }

        return at;
    }

    private static int TokenLength(string source, int at)
    {
        var end = at + 1;
        if (IsWordCharacter(source[at]))
        {
            while (end < source.Length && IsWordCharacter(source[end]))
                end++;
        }
        else if (source[at] is '"' or '\'')
        {
            while (end < source.Length && source[end] != source[at] && source[end] != '\n')
                end += source[end] == '\\' ? 2 : 1;
            end = Math.Min(end + 1, source.Length);
        }

        return end - at;
    }

    private static string At(List<string> tokens, int at) => at < tokens.Count ? tokens[at] : "";

    private static bool IsWordCharacter(char c) => c == '_' || char.IsLetterOrDigit(c);

    private static bool IsName(string word) => word.Length > 0 && !char.IsDigit(word[0]) && word.All(IsWordCharacter);
}
