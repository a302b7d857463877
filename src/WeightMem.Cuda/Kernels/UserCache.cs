namespace WeightMem.Cuda.Kernels;

/// <summary>The folder in which this program keeps what it can make again.</summary>
public static class UserCache
{
    /// <summary>"weightmem" in the user's folder for caches; null when the user has none.</summary>
    public static string? Folder
    {
        get
        {
            string? parent;
            if (OperatingSystem.IsWindows())
            {
                parent = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            }
            else
            {
                parent = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
                string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
                if (string.IsNullOrEmpty(parent) && home.Length > 0) parent = Path.Combine(home, ".cache");
            }

            return string.IsNullOrEmpty(parent) ? null : Path.Combine(parent, "weightmem");
        }
    }
}
