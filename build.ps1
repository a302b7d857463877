# Builds, tests and runs WeightMem. Needs the .NET SDK and nothing else; packages are restored on first use.
#   ./build.ps1 build     the program at artifacts/bin/weightmem.exe
#   ./build.ps1 test      all tests
#   ./build.ps1 demo      the small study of G.pt on the images in data/, into runs/gpt-small
#   ./build.ps1 bench     speed beside libtorch, into benchmarks/results
#   ./build.ps1 publish   the program as one file that needs nothing, for Linux and Windows: artifacts/publish/RID; `publish RID` for one of them
#   ./build.ps1 pack      NuGet packages of the libraries and of the tool: artifacts/packages
#   ./build.ps1 format    formats the sources; with --check only looks
param([string]$Command = "help", [Parameter(ValueFromRemainingArguments = $true)][string[]]$Rest = @())
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = "1"
$env:DOTNET_NOLOGO = "1"

function Build {
    dotnet build src/WeightMem.Cli -c Release -p:RunAnalyzers=false -v quiet --nologo -o artifacts/bin
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

switch ($Command) {
    "build" { Build; Write-Output "artifacts/bin/weightmem" }
    "test" { dotnet test --solution WeightMem.sln -c Release --no-progress @Rest }
    "demo" { Build; & artifacts/bin/weightmem reproduce gpt --preset small @Rest }
    "bench" { if ($Rest.Count -eq 0) { $Rest = @("all") }; dotnet run -c Release --project benchmarks/WeightMem.Benchmarks -- @Rest }
    "publish" {
        if ($Rest.Count -eq 0) { $Rest = @("linux-x64", "win-x64") }
        foreach ($rid in $Rest) {
            dotnet publish src/WeightMem.Cli -c Release -r $rid --self-contained -p:RunAnalyzers=false -v quiet --nologo -o "artifacts/publish/$rid"
            if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
            Write-Output "artifacts/publish/$rid"
        }
    }
    "pack" {
        # Debuggers find the sources where they are published, if that is known, else in the symbols: never in a folder of this machine.
        $remote = git remote get-url origin 2>$null
        $published = if ($remote -like "https://*") { @("-p:PublishRepositoryUrl=true") } else { @("-p:PublishRepositoryUrl=false", "-p:EmbedAllSources=true") }
        foreach ($folder in "artifacts/packages", "artifacts/pack") { if (Test-Path $folder) { Remove-Item -Recurse $folder } }
        foreach ($project in "Cuda", "Formats", "Engine", "Models", "Evaluation", "Cli") {
            $tool = if ($project -eq "Cli") { "true" } else { "false" }
            # Compiled in a place of its own: what a build before left names this folder, and is not compiled anew for other options.
            dotnet pack "src/WeightMem.$project" -c Release --artifacts-path artifacts/pack -p:RunAnalyzers=false -p:ContinuousIntegrationBuild=true "-p:PacksTool=$tool" @published -v quiet --nologo
            if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
        }
        Remove-Item -Recurse artifacts/pack
        Get-ChildItem artifacts/packages | ForEach-Object { Write-Output $_.Name }
    }
    "format" {
        dotnet build src/WeightMem.Cuda.Generators -v quiet --nologo
        if ($Rest -contains "--check") { dotnet format WeightMem.sln --verify-no-changes } else { dotnet format WeightMem.sln }
    }
    default {
        Get-Content $PSCommandPath -TotalCount 8 | ForEach-Object { $_ -replace "^# ?", "" }
        if ($Command -ne "help") { exit 2 }
    }
}
exit $LASTEXITCODE
