namespace WeightMem.Cuda.Libraries;

/// <summary>The native libraries that the bindings name.</summary>
public enum CudaLibrary
{
    /// <summary>The driver ("cuda").</summary>
    Driver,

    /// <summary>The run-time compiler ("nvrtc").</summary>
    Nvrtc,

    /// <summary>cuBLAS ("cublas").</summary>
    Cublas,

    /// <summary>cublasLt ("cublasLt").</summary>
    CublasLt,
}
