namespace WeightMem.Formats.Meshes;

/// <summary>Meshes and point clouds of the kinds that are known here, told apart by their ending.</summary>
public static class MeshFile
{
    /// <summary>The endings.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".obj", ".off", ".ply"];

    /// <summary>Writes a mesh or cloud.</summary>
    /// <exception cref="ArgumentException">The ending is none of them, or the kind cannot hold the mesh.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, MeshData mesh)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".obj": ObjFile.Write(path, mesh); break;
            case ".off": OffFile.Write(path, mesh); break;
            case ".ply": PlyFile.Write(path, mesh); break;
            default: throw new ArgumentException($"{path}: a mesh file ends in {string.Join(' ', Endings)}");
        }
    }
}
