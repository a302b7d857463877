// Lists what is in a checkpoint and writes its arrays as safetensors. Nothing in the checkpoint is executed.
//   dotnet run --project samples/formats -- checkpoint.pt weights.safetensors
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: formats CHECKPOINT OUT.safetensors");
    return 2;
}

try
{
    using ArrayFile checkpoint = ArrayFile.Open(args[0]);
    Console.WriteLine($"{checkpoint.Path} is {checkpoint.Format}");
    foreach (FileItem item in checkpoint.Items)
        Console.WriteLine(item.Array is { } array ? $"  {item.Name}: {array.Type} [{string.Join(", ", array.Shape)}]" : $"  {item.Name}: {item.Text}");

    SafetensorsFile.Write(args[1], [.. checkpoint.Arrays.Select(a => checkpoint.Read(a.Name))]);
    Console.WriteLine($"{args[1]}: {checkpoint.Arrays.Count()} arrays");
    return 0;
}
catch (FileFormatException error)
{
    // One line with the file, the place, what was expected and what was found.
    Console.Error.WriteLine(error.Message);
    return 3;
}
