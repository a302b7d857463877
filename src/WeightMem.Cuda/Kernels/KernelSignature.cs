namespace WeightMem.Cuda.Kernels;

/// <summary>A parameter of a kernel.</summary>
public sealed class KernelParameter
{
    internal KernelParameter(string name, string type, bool isPointer, bool isConst)
    {
        Name = name;
        Type = type;
        IsPointer = isPointer;
        IsConst = isConst;
    }

    /// <summary>The name in the source.</summary>
    public string Name { get; }

    /// <summary>
    /// The type in device code with single blanks, without <c>const</c>, and without the star of a pointer: "unsigned int".
    /// </summary>
    public string Type { get; }

    /// <summary>Whether it is a pointer to <see cref="Type"/>.</summary>
    public bool IsPointer { get; }

    /// <summary>Whether what the pointer points at is <c>const</c>; false for values.</summary>
    public bool IsConst { get; }

    /// <summary>As in device code.</summary>
    public override string ToString() => (IsConst ? "const " : "") + Type + (IsPointer ? "* " : " ") + Name;
}

/// <summary>The name and parameters of a kernel.</summary>
public sealed class KernelSignature
{
    internal KernelSignature(string name, IReadOnlyList<KernelParameter> parameters)
    {
        Name = name;
        Parameters = parameters;
    }

    /// <summary>The kernel's name.</summary>
    public string Name { get; }

    /// <summary>The parameters in order.</summary>
    public IReadOnlyList<KernelParameter> Parameters { get; }

    /// <summary>As in device code.</summary>
    public override string ToString() => Name + "(" + string.Join(", ", Parameters) + ")";
}

/// <summary>A kernel's declaration is not of the form that the kernels of this project have.</summary>
public sealed class KernelSignatureException : FormatException
{
    internal KernelSignatureException(string message)
        : base(message)
    {
    }
}
