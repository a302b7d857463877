using System.Diagnostics;
using Xunit;

namespace WeightMem.Formats.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Writes_and_replaces_and_leaves_nothing_else()
    {
        AtomicFile.WriteText(_folder["a.txt"], "one\n");
        AtomicFile.WriteText(_folder["a.txt"], "two\n");
        AtomicFile.WriteVia(_folder["b.h5"], name =>
        {
            Assert.EndsWith(".h5", name, StringComparison.Ordinal);
            Assert.Equal(_folder.Path, Path.GetDirectoryName(name));
            File.WriteAllText(name, "three\n");
        });
        Assert.Equal("two\n", File.ReadAllText(_folder["a.txt"]));
        Assert.Equal("three\n", File.ReadAllText(_folder["b.h5"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void A_failure_half_way_leaves_the_old_file_and_no_temporary()
    {
        AtomicFile.WriteText(_folder["a.txt"], "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_folder["a.txt"], stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException("stop");
        }));
        Assert.Throws<InvalidOperationException>(() => AtomicFile.WriteVia(_folder["a.txt"], name =>
        {
            File.WriteAllText(name, "half");
            throw new InvalidOperationException("stop");
        }));
        Assert.Equal("old", File.ReadAllText(_folder["a.txt"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_full_disk_is_one_clear_line_with_the_files_own_name()
    {
        string path = _folder["a.bin"];
        var error = Assert.Throws<FileWriteException>(() =>
            AtomicFile.Write(path, _ => throw new IOException($"No space left on device : '{path}.temporary'")));
        Assert.Equal($"cannot write {path}: No space left on device; nothing was changed", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_missing_folder_and_a_folder_in_the_files_place_are_clear()
    {
        var missing = Assert.Throws<FileWriteException>(() => AtomicFile.WriteText(_folder["no/such/a.txt"], "x"));
        Assert.Contains("there is no folder", missing.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["sub"]);
        var folder = Assert.Throws<FileWriteException>(() => AtomicFile.WriteText(_folder["sub"], "x"));
        Assert.Contains("it is a folder", folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Permissions_are_those_of_any_new_file()
    {
        if (OperatingSystem.IsWindows()) return;
        File.WriteAllText(_folder["plain"], "x");
        AtomicFile.WriteText(_folder["atomic"], "x");
        Assert.Equal(File.GetUnixFileMode(_folder["plain"]), File.GetUnixFileMode(_folder["atomic"]));
    }

    [Fact]
    public void What_killed_processes_left_of_a_file_is_deleted_and_nothing_else()
    {
        using Process other = OperatingSystem.IsWindows() ? Process.Start("ping", "-n 60 127.0.0.1") : Process.Start("sleep", "60");
        string abandoned = Left(int.MaxValue), ownNumberAgain = Left(Environment.ProcessId), inUse = Left(other.Id), numberOfAnother = Left(other.Id);
        File.SetLastWriteTimeUtc(numberOfAnother, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc)); // before that process was
        string[] others = [_folder["a.txt"], _folder[".a.notes.txt"], _folder[$".b.{7:x8}{new string('0', 24)}.txt"], _folder[$".a.{7:x8}{new string('0', 24)}.csv"], inUse];
        foreach (string file in others) File.WriteAllText(file, "x");
        AtomicFile.Write(_folder["a.txt"], stream =>
        {
            AtomicFile.DeleteAbandonedOf(_folder["a.txt"]);
            Assert.Equal(others.Length + 1, Directory.GetFiles(_folder.Path).Length); // and the one in hand
            stream.Write("new"u8);
        });
        Assert.Equal("new", File.ReadAllText(_folder["a.txt"]));
        Assert.Equal(others.Order(), Directory.GetFiles(_folder.Path).Order());
        Assert.DoesNotContain(new[] { abandoned, ownNumberAgain, numberOfAnother }, File.Exists);
        other.Kill();
        AtomicFile.DeleteAbandonedOf(_folder["a.txt"]); // it may still be ending
        Assert.False(File.Exists(inUse));
        AtomicFile.DeleteAbandonedOf(_folder["no/such/a.txt"]);

        string Left(int process)
        {
            string path = _folder[$".a.{process:x8}{Guid.NewGuid().ToString("N")[8..]}.txt"];
            File.WriteAllText(path, "half");
            return path;
        }
    }

    [Fact]
    public void A_symbolic_link_stays_one()
    {
        if (OperatingSystem.IsWindows()) return;
        File.WriteAllText(_folder["real"], "old");
        File.CreateSymbolicLink(_folder["link"], _folder["real"]);
        AtomicFile.DeleteAbandonedOf(_folder["link"]);
        AtomicFile.WriteText(_folder["link"], "new");
        Assert.Equal("new", File.ReadAllText(_folder["real"]));
        Assert.NotNull(new FileInfo(_folder["link"]).LinkTarget);

        File.CreateSymbolicLink(_folder["one"], _folder["two"]);
        File.CreateSymbolicLink(_folder["two"], _folder["one"]);
        AtomicFile.DeleteAbandonedOf(_folder["one"]);
        Assert.Throws<FileWriteException>(() => AtomicFile.WriteText(_folder["one"], "in a circle"));
    }
}
