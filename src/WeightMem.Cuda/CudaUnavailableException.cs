namespace WeightMem.Cuda;

/// <summary>A CUDA library, a device or a feature is not there. The message is one line and says what was tried.</summary>
/// <param name="message">The one line.</param>
public sealed class CudaUnavailableException(string message) : Exception(message);
