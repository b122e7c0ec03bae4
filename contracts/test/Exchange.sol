// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {vm} from "./Vm.sol";

/// What these tests ask of Uniswap V3's factory.
interface Factory {
    function createPool(address one, address other, uint24 fee) external returns (address);
    function enableFeeAmount(uint24 fee, int24 tickSpacing) external;
    function getPool(address one, address other, uint24 fee) external view returns (address);
}

/// What these tests ask of its pools.
interface Pool {
    function initialize(uint160 sqrtPrice) external;
    function mint(address recipient, int24 lower, int24 upper, uint128 liquidity, bytes calldata data)
        external
        returns (uint256 amount0, uint256 amount1);
    function swap(address recipient, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1);
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function positions(bytes32 key) external view returns (uint128, uint256, uint256, uint128, uint128);
}

/// What these tests ask of its position manager.
interface PositionManager {
    struct Minting {
        address token0;
        address token1;
        uint24 fee;
        int24 lower;
        int24 upper;
        uint256 desired0;
        uint256 desired1;
        uint256 least0;
        uint256 least1;
        address recipient;
        uint256 deadline;
    }

    function mint(Minting calldata minting) external returns (uint256, uint128, uint256, uint256);
}

/// The real contracts, from the artifacts of their packages.
library Real {
    function factory() internal returns (Factory) {
        return Factory(vm.deployCode(_artifact("core", "UniswapV3Factory"), ""));
    }

    function positionManager(Factory made) internal returns (PositionManager) {
        // Neither wrapped native currency nor images are needed here.
        bytes memory arguments = abi.encode(address(made), address(0xE), address(0));
        return PositionManager(vm.deployCode(_artifact("periphery", "NonfungiblePositionManager"), arguments));
    }

    function _artifact(string memory part, string memory name) private view returns (string memory) {
        string memory root = string.concat(vm.envString("NODE_MODULES"), "/@uniswap/v3-", part);
        return string.concat(root, "/artifacts/contracts/", name, ".sol/", name, ".json");
    }
}

/// The roots of the prices at ticks, as pools compute them.
library Ticks {
    int24 internal constant MOST = 887272;
    uint160 internal constant MIN_PRICE = 4295128739;
    uint160 internal constant MAX_PRICE = 1461446703485210103287273052203988822378723970342;

    /// The root of 1.0001**tick, times 2**96, rounded up.
    function sqrtPrice(int24 tick) internal pure returns (uint160) {
        // 2**128 / 1.0001**(2**bit / 2), for each bit of a tick.
        uint128[20] memory factors = [
            0xFFFCB933BD6FAD37AA2D162D1A594001,
            0xFFF97272373D413259A46990580E213A,
            0xFFF2E50F5F656932EF12357CF3C7FDCC,
            0xFFE5CACA7E10E4E61C3624EAA0941CD0,
            0xFFCB9843D60F6159C9DB58835C926644,
            0xFF973B41FA98C081472E6896DFB254C0,
            0xFF2EA16466C96A3843EC78B326B52861,
            0xFE5DEE046A99A2A811C461F1969C3053,
            0xFCBE86C7900A88AEDCFFC83B479AA3A4,
            0xF987A7253AC413176F2B074CF7815E54,
            0xF3392B0822B70005940C7A398E4B70F3,
            0xE7159475A2C29B7443B29C7FA6E889D9,
            0xD097F3BDFD2022B8845AD8F792AA5825,
            0xA9F746462D870FDF8A65DC1F90E061E5,
            0x70D869A156D2A1B890BB3DF62BAF32F7,
            0x31BE135F97D08FD981231505542FCFA6,
            0x9AA508B5B7A84E1C677DE54F3E99BC9,
            0x5D6AF8DEDB81196699C329225EE604,
            0x2216E584F5FA1EA926041BEDFE98,
            0x48A170391F7DC42444E8FA2
        ];
        uint256 size = uint24(tick < 0 ? -tick : tick);
        uint256 ratio = 1 << 128;
        for (uint256 bit = 0; bit < 20; ++bit) {
            if ((size >> bit) & 1 == 1) ratio = (ratio * factors[bit]) >> 128;
        }
        if (tick > 0) ratio = type(uint256).max / ratio;
        return uint160((ratio + type(uint32).max) >> 32);
    }
}

/// How a token behaves when it is given an order.
enum Habit {
    Plain,
    Silent,
    Falsehood,
    Reverting,
    Short,
    Long,
    Two,
    Feeing,
    Calling
}

/// A token that behaves as it is told to at one of its orders, and is taught to call somebody then.
contract Coin {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    bytes4 private _order;
    Habit private _habit;
    address private _called;
    bytes private _call;
    bytes private _answer;

    function give(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function behave(bytes4 order, Habit habit) public {
        (_order, _habit) = (order, habit);
    }

    function behave(bytes4 order, address called, bytes memory call) public {
        (_order, _habit, _called, _call) = (order, Habit.Calling, called, call);
    }

    function behave(Habit habit) external {
        behave(Coin.transferFrom.selector, habit);
    }

    function behave(address called, bytes calldata call) external {
        behave(Coin.transferFrom.selector, called, call);
    }

    /// What the last call that it was taught came back with.
    function answer() external view returns (bytes memory) {
        return _answer;
    }

    function approve(address spender, uint256 amount) external {
        if (_isObeyed()) allowance[msg.sender][spender] = amount;
        _reply();
    }

    function transfer(address recipient, uint256 amount) external {
        if (amount == 0) revert();
        if (_isObeyed()) _move(msg.sender, recipient, amount);
        _reply();
    }

    function transferFrom(address payer, address recipient, uint256 amount) external {
        if (amount == 0) revert();
        if (_isObeyed()) {
            allowance[payer][msg.sender] -= amount;
            _move(payer, recipient, amount);
        }
        _reply();
    }

    function _move(address payer, address recipient, uint256 amount) private {
        balanceOf[payer] -= amount;
        balanceOf[recipient] += _now() == Habit.Feeing ? amount - 1 : amount;
    }

    function _isObeyed() private returns (bool) {
        // Without a reason, which alone would look like consent.
        if (_now() == Habit.Reverting) revert();
        if (_now() == Habit.Calling) (, _answer) = _called.call(_call);
        return _now() != Habit.Falsehood;
    }

    function _reply() private view {
        Habit habit = _now();
        uint256 size = habit == Habit.Silent ? 0 : habit == Habit.Short ? 31 : habit == Habit.Long ? 64 : 32;
        uint256 told = habit == Habit.Falsehood ? 0 : habit == Habit.Two ? 2 : 1;
        assembly {
            mstore(0, told)
            mstore(32, told)
            return(0, size)
        }
    }

    function _now() private view returns (Habit) {
        return msg.sig == _order ? _habit : Habit.Plain;
    }
}
