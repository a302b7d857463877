namespace WeightMem.Models.Data;

/// <summary>An image set that is unknown, not there, or cannot be fetched. The message is one line that says what to do.</summary>
public sealed class ImageSetException : Exception
{
    /// <summary>An error of one line.</summary>
    public ImageSetException(string message, Exception? inner = null)
        : base(message.ReplaceLineEndings(" "), inner)
    {
    }
}
